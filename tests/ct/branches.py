#!/usr/bin/env python3
"""Which branches and addresses of the AVX-512 kernels depend on data?

valgrind cannot run AVX-512, so its objects are read instead: each function of kernel_avx512.cpp.o is
disassembled, and what its registers hold is followed through its control flow. Arguments (pointers and counts)
are public; everything loaded through a pointer is data, and so is what is computed from it and what a call
returns. A conditional jump whose flags, a jump or call whose target, or a load or store whose address depends on
data must stand in the reviewed list (avx512_branches.txt), or the check fails.

The list has three kinds of lines, fields separated by blanks, the rest of a line being the reason:
  public   MODULE FUNCTION reason         all that this function works on is public: it is not looked at
  argument MODULE FUNCTION INDEX reason   what this argument points to is public
  depends  MODULE FUNCTION COUNT reason   so many instructions may depend on data, and why they may
A line that nothing needs any more is a failure too.

Usage: branches.py LIST MODULE=OBJECT...      exit 0: as reviewed; 1: not; 2: could not be checked
       branches.py --leak OBJECT              exit 0: every function named leak_* was caught, and no other
"""
import re
import subprocess
import sys

GPR = {}
for base in ("rax", "rbx", "rcx", "rdx"):
    for name in (base, "e" + base[1:], base[1:], base[1] + "l", base[1] + "h"):
        GPR[name] = base
for base in ("rsi", "rdi", "rbp", "rsp"):
    for name in (base, "e" + base[1:], base[1:], base[1:] + "l"):
        GPR[name] = base
for number in range(8, 16):
    for suffix in ("", "d", "w", "b"):
        GPR[f"r{number}{suffix}"] = f"r{number}"
ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
CALL_CLOBBERS = ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
WIDTHS = {"z": 64, "y": 32, "x": 16}

# A value: (does it depend on data?, what it points into). The latter is an argument's index, "const" for what
# the linker places, "stack", "mixed", or None.
PUBLIC, DATA = (False, None), (True, None)


def joined(a, b):
    return (a[0] or b[0], a[1] if a[1] == b[1] else "mixed")


def summed(values):
    """The sum of a pointer and offsets still points where the pointer did."""
    origins = {v[1] for v in values if v[1] is not None}
    return (any(v[0] for v in values), origins.pop() if len(origins) == 1 else "mixed" if origins else None)


def split_operands(text):
    out, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "({") - (c in ")}")
        if c == "," and depth == 0:
            out.append(text[start:i].strip())
            start = i + 1
    return out + [text[start:].strip()] if text.strip() else out


class Memory:
    def __init__(self, text):
        inner = re.search(r"\(([^)]*)\)", text)
        parts = [p.strip().lstrip("%") for p in inner[1].split(",")] if inner else []
        self.base = parts[0] if parts else ""
        self.index = parts[1] if len(parts) > 1 else ""
        self.scaled = len(parts) > 2 and parts[2] != "1"
        offset = text[: text.find("(")].split(":")[-1] if inner else text
        try:
            self.offset = int(offset or "0", 16)
        except ValueError:
            self.offset = 0
        self.vector_index = re.match(r"[xyz]mm", self.index) is not None


class State:
    def __init__(self):
        self.regs = {r: PUBLIC for r in set(GPR.values())}
        for i, r in enumerate(ARGUMENTS):
            self.regs[r] = (False, i)
        self.masks = {f"k{i}": True for i in range(8)}
        self.vectors = {str(i): True for i in range(32)}
        self.flags = self.carry = True  # inc and dec leave the carry as it was
        self.slots = {}  # (base, offset): value, 8 bytes each; what is not here is data

    def copy(self):
        other = State.__new__(State)
        other.regs, other.masks, other.vectors = dict(self.regs), dict(self.masks), dict(self.vectors)
        other.flags, other.carry, other.slots = self.flags, self.carry, dict(self.slots)
        return other

    def merge(self, other):
        """Whether anything changed."""
        before = (dict(self.regs), dict(self.masks), dict(self.vectors), self.flags, self.carry, dict(self.slots))
        for r in self.regs:
            self.regs[r] = joined(self.regs[r], other.regs[r])
        for k in self.masks:
            self.masks[k] |= other.masks[k]
        for v in self.vectors:
            self.vectors[v] |= other.vectors[v]
        self.flags |= other.flags
        self.carry |= other.carry
        self.slots = {s: joined(v, other.slots[s]) for s, v in self.slots.items() if s in other.slots}
        return before != (self.regs, self.masks, self.vectors, self.flags, self.carry, self.slots)


NO_FLAGS = re.compile(r"(mov|lea|not|cmov|set|push|pop|shlx|shrx|sarx|rorx|mulx|pdep|pext|v|k(?!ortest|test)|nop|j|call|ret|bswap|c[lqw]t|prefetch|xchg|endbr|data16|cs|ud2)")
MOVES = re.compile(r"(mov(abs|z\w\w|s\w\w|slq|[bwlq]|be[wlq]?)?|rorx[lq]?|bswap[lq]?|kmov[bwdq]|pop[q]?|vmov[dq])$")


ADDS_TO_TARGET = re.compile(r"v(pternlog|fn?m(add|sub)|p(ermt2|ermi2|dp|madd52|shldv|shrdv|gather|multishift)|gather|fixupimm)")


class Function:
    def __init__(self, name):
        self.name = name
        self.rows = []  # (address, mnemonic, operands, target)
        self.found = {}  # address: what depends on data

    def prologue(self):
        """How far from the stack pointer the arguments lie that did not fit into registers."""
        depth, self.framed = 8, False
        for _, op, operands, _ in self.rows[:40]:
            if op.startswith("push"):
                depth += 8
            elif op.startswith("mov") and operands == ["%rsp", "%rbp"]:
                self.framed = True
            elif op.startswith("sub") and operands[1:] == ["%rsp"]:
                depth += int(operands[0][1:], 16)
            elif op.startswith("and") and operands[1:] == ["%rsp"]:
                depth = 1 << 30  # aligned: they are reached through rbp
        self.arguments_at = {"rsp": depth, "rbp": 16}

    def load(self, state, memory, public):
        if memory.base == "rip":
            return PUBLIC if not memory.index else (self.address(state, memory), None)
        if memory.base == "rsp" and not memory.index or memory.base == "rbp" and self.framed:
            if not memory.index and memory.offset >= self.arguments_at[memory.base]:
                return PUBLIC  # an argument that was passed on the stack
            return state.slots.get((memory.base, memory.offset // 8), DATA)
        where = summed([state.regs[GPR[r]] for r in (memory.base, memory.index) if r in GPR])
        base = state.regs[GPR[memory.base]] if memory.base in GPR else PUBLIC
        if memory.scaled or base[1] == "const":  # then the index is a number, whatever it was made of
            where = (where[0], base[1])
        known = where[1] == "const" or where[1] in public
        return (where[0], None) if known else DATA

    def address(self, state, memory):
        return memory.vector_index or any(state.regs[GPR[r]][0] for r in (memory.base, memory.index) if r in GPR)

    def store(self, state, memory, value, size):
        if (memory.base == "rsp" or memory.base == "rbp" and self.framed) and not memory.index:
            for slot in range(memory.offset // 8, (memory.offset + size + 7) // 8):
                state.slots[(memory.base, slot)] = value

    def read(self, state, operand, public):
        if operand.startswith("$"):
            return PUBLIC
        if operand.startswith("%"):
            name = operand[1:].split("{")[0].strip()
            if name in GPR:
                return state.regs[GPR[name]]
            if name in state.masks:
                return (state.masks[name], None)
            return (state.vectors.get(name[3:], True), None)
        if "(" in operand or re.match(r"[-0-9a-fx]", operand):
            return self.load(state, Memory(operand), public)
        return PUBLIC

    def write(self, state, operand, value, size=8):
        if operand.startswith("%"):
            name = operand[1:].split("{")[0].strip()
            if name in GPR:
                state.regs[GPR[name]] = value
            elif name in state.masks:
                state.masks[name] = value[0]
            elif name[3:] in state.vectors:
                merged = "{%k" in operand and "{z}" not in operand
                mask = re.search(r"\{%(k\d)\}", operand)
                taint = value[0] or (mask is not None and state.masks[mask[1]])
                state.vectors[name[3:]] = taint or (merged and state.vectors[name[3:]])
        elif "(" in operand:
            self.store(state, Memory(operand), value, size)

    def step(self, state, row, public):
        address, op, operands, _ = row
        if op.startswith(("nop", "data16", "cs", "vzeroupper", "prefetch", "ud2")):
            return
        for operand in operands:
            if "(" in operand and not op.startswith("lea") and self.address(state, Memory(operand)):
                self.found[address] = "address"
        if op.startswith("j") and not op.startswith("jmp"):
            carry = re.match(r"j(n?[abc]e?)$", op) is not None and state.carry
            if state.regs["rcx"][0] if "cxz" in op else state.flags or carry:
                self.found[address] = "branch"
            return
        if op.startswith(("jmp", "call")):
            if operands and operands[0].startswith("*") and self.read(state, operands[0][1:], public)[0]:
                self.found[address] = "target"
            if op.startswith("call"):
                for r in CALL_CLOBBERS:
                    state.regs[r] = DATA
                state.flags = state.carry = True
                state.masks = {k: True for k in state.masks}
                state.vectors = {v: True for v in state.vectors}
            return
        if not operands:
            if op.startswith("c"):  # cltq and its like: the accumulator, extended
                state.regs["rdx"] = joined(state.regs["rdx"], state.regs["rax"])
            return
        self.compute(state, op, operands, public)

    def compute(self, state, op, operands, public):
        *sources, target = operands
        vector = any(re.match(r"%[xyz]mm", o) for o in operands)
        if op.startswith("push"):
            return  # its slot is not read by offset in these objects
        if op.startswith(("cmp", "test", "bt")) and not op.startswith(("bts", "btr", "btc")):
            state.flags = state.carry = any(self.read(state, o, public)[0] for o in operands)
            return
        if re.match(r"v?(ptest$|testp|u?comis)|k(or)?test", op):
            state.flags = state.carry = any(self.read(state, o, public)[0] for o in operands)
            return
        if op.startswith("lea"):
            memory = Memory(sources[0])
            parts = [state.regs[GPR[r]] for r in (memory.base, memory.index) if r in GPR]
            origin = "const" if memory.base == "rip" else "stack" if memory.base == "rsp" or memory.base == "rbp" and self.framed else None
            value = summed(parts + ([(False, origin)] if origin else []))
            return self.write(state, target, value)
        values = [self.read(state, o, public) for o in sources]
        if re.match(r"(xor|sub)[bwlq]?$", op) and len(sources) == 1 and sources[0] == target:
            state.flags = state.carry = False
            return self.write(state, target, PUBLIC)
        if re.match(r"kxn?or[bwdq]$", op) and len(set(sources)) == 1:
            return self.write(state, target, PUBLIC)
        if op.startswith("set"):
            return self.write(state, target, (state.flags or state.carry, None))
        if op.startswith("cmov"):
            value = joined(values[0], self.read(state, target, public))
            return self.write(state, target, (value[0] or state.flags or state.carry, value[1]))
        size = max([WIDTHS[m] for m in re.findall(r"%([xyz])mm", " ".join(operands))], default=8)
        if vector:
            if re.match(r"vp?(xor|sub)", op) and len(set(sources)) == 1 and len(sources) == 2:
                return self.write(state, target, PUBLIC, size)
            taint = any(v[0] for v in values)
            if ADDS_TO_TARGET.match(op) or not op.startswith("v"):
                taint = taint or self.read(state, target, public)[0]
            return self.write(state, target, (taint, None), size)
        if MOVES.match(op) or (op.startswith("mov") and sources):
            return self.write(state, target, values[-1] if values else DATA, size)
        if re.match(r"(mul|imul|div|idiv)[bwlq]?$", op) and not sources:
            value = (joined(state.regs["rax"], self.read(state, target, public))[0], None)
            state.regs["rax"] = state.regs["rdx"] = value
            state.flags = state.carry = value[0]
            return None
        if op.startswith("xchg"):
            a, b = values[0], self.read(state, target, public)
            self.write(state, sources[0], b)
            return self.write(state, target, a)
        keeps = len(sources) < 2 and not target.startswith("%k")  # two-operand forms read their target
        everything = values + ([self.read(state, target, public)] if keeps else [])
        value = summed(everything)
        if re.match(r"(adc|sbb)", op):
            value = (value[0] or state.flags or state.carry, value[1])
        if not op.startswith(("add", "sub", "and", "inc", "dec")):
            value = (value[0], None)
        self.write(state, target, value, size)
        if not NO_FLAGS.match(op):
            state.flags = value[0]
            state.carry = value[0] or (op.startswith(("inc", "dec")) and state.carry)
        return None

    def analyse(self, public):
        """Forward over the control flow until nothing changes."""
        self.prologue()
        at = {row[0]: i for i, row in enumerate(self.rows)}
        entry = {0: State()}
        work = [0]
        while work:
            i = work.pop()
            state = entry[i].copy()
            while i < len(self.rows):
                row = self.rows[i]
                self.step(state, row, public)
                follows = [i + 1] if not row[1].startswith(("jmp", "ret", "ud2")) else []
                if row[3] in at and row[1].startswith("j"):
                    follows.append(at[row[3]])
                elif row[1].startswith("jmp") and row[2] and row[2][0].startswith("*"):
                    follows += [j for j in range(len(self.rows)) if j in self.jump_targets]
                last = None
                for j in follows:
                    if j >= len(self.rows):
                        continue
                    if j not in entry:
                        entry[j] = state.copy()
                    elif not entry[j].merge(state):
                        continue
                    if j == i + 1:
                        last = j
                    else:
                        work.append(j)
                if last is None:
                    break
                i = last
                state = entry[i].copy()


def read_functions(path):
    done = subprocess.run(["llvm-objdump-19", "-d", "-C", "--no-show-raw-insn", path], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"branches.py: {done.stderr.strip()}")
    functions, current = [], None
    for line in done.stdout.splitlines():
        head = re.match(r"^[0-9a-f]+ <(.*)>:$", line)
        if head:
            short = re.search(r"(?:\(anonymous namespace\)::)((?:\w+::)*\w+)", head[1])
            current = Function(short[1] if short else head[1])
            functions.append(current)
            continue
        row = re.match(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$", line)
        if row and current:
            op, rest = row[2], row[3]
            while op in ("lock", "rep", "repz", "notrack", "data16", "cs", "{evex}", "{vex}"):
                op, _, rest = rest.partition(" ")
            rest = re.sub(r"\s+#.*$", "", rest)
            target = re.match(r"0x([0-9a-f]+) <", rest)
            operands = [] if target else split_operands(rest)
            current.rows.append((int(row[1], 16), op.strip(), operands, int(target[1], 16) if target else None))
    for function in functions:
        # Where a jump table may lead: behind any unconditional end, and no further than that is known.
        ends = {i + 1 for i, r in enumerate(function.rows) if r[1].startswith(("jmp", "ret"))}
        function.jump_targets = ends
    return functions


def check_leaks(path):
    wrong = 0
    for function in read_functions(path):
        function.analyse(set())
        caught = len(function.found) > 0
        if "leak" in function.name or "clean" in function.name:
            good = caught == ("leak" in function.name)
            wrong += not good
            print(f"{'ok   ' if good else 'FAIL '} {function.name}: {'caught' if caught else 'nothing found'}")
    return 1 if wrong else 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--leak":
        return check_leaks(sys.argv[2])
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    arguments, allowed, skipped, used = {}, {}, {}, set()
    for line in open(sys.argv[1], encoding="utf-8"):
        words = line.split(None, 4)
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 5 or words[0] not in ("argument", "depends", "public"):
            sys.exit(f"branches.py: a line without a reason: {line.strip()}")
        if words[0] == "argument":
            arguments.setdefault((words[1], words[2]), set()).add(int(words[3]))
        elif words[0] == "public":
            skipped[(words[1], words[2])] = True
        else:
            allowed[(words[1], words[2])] = int(words[3])
    failures = functions_seen = 0
    for pair in sys.argv[2:]:
        module, _, path = pair.partition("=")
        found = {}
        for function in read_functions(path):
            functions_seen += 1
            if (module, function.name) in skipped:
                used.add(("public", module, function.name))
                continue
            public = arguments.get((module, function.name), set())
            used |= {("argument", module, function.name)} if public else set()
            function.analyse(public)
            found.setdefault(function.name, []).extend(function.found.items())
        for name, rows in found.items():
            used |= {("depends", module, name)} if rows else set()
            if len(rows) > allowed.get((module, name), 0):
                failures += 1
                print(f"FAIL  {module} {name}: {len(rows)} depend on data, {allowed.get((module, name), 0)} are reviewed")
                shown = sorted(rows)[:60]
                command = ["llvm-symbolizer-19", "--obj=" + path, "--functions=none", "--no-inlines", *(hex(a) for a, _ in shown)]
                lines = subprocess.run(command, capture_output=True, text=True).stdout.split("\n\n")
                for (address, kind), line in zip(shown, lines):
                    print(f"        {kind} at {address:#x} {line.strip()}")
    checked = {pair.partition("=")[0] for pair in sys.argv[2:]}
    for kind, table in (("argument", arguments), ("depends", allowed), ("public", skipped)):
        for module, name in table:
            if module in checked and (kind, module, name) not in used:
                failures += 1
                print(f"FAIL  {kind} {module} {name}: stands in the list, but nothing needs it")
    print(f"AVX-512 objects: {functions_seen} functions read, {failures} not as reviewed")
    return 1 if failures or functions_seen == 0 else 0


sys.exit(main())
