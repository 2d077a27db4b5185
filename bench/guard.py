#!/usr/bin/env python3
"""Instruction counts of the lattice core against bench/instructions.txt: slower code fails a build on
any machine, however busy it is. Valgrind counts, so the kernels are those it knows (not AVX-512).
  bench/guard.py PROGRAM            compares; exit 77 without valgrind or with another compiler
  bench/guard.py PROGRAM --update   writes the file anew: look at the difference before committing"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOLERANCE = 0.03  # compilers' minor versions differ by less; what is worth knowing is more
TABLE = pathlib.Path(__file__).with_name("instructions.txt")
program = sys.argv[1]


def compiler():
    comment = subprocess.run(["readelf", "-p", ".comment", program], capture_output=True, text=True).stdout
    found = re.search(r"clang version (\d+)", comment)
    return f"clang {found[1]}" if found else "unknown"


def count(kernel, case):
    ran = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no",
         "--toggle-collect=*v100_counted*", "--main-stacksize=8388608", program, case],
        capture_output=True, text=True, env={**os.environ, "V100_KERNEL": kernel})
    found = re.search(r"Collected : (\d+)", ran.stderr)
    if ran.returncode != 0 or not found:
        sys.exit(f"{kernel} {case}: valgrind failed\n{ran.stderr[-2000:]}")
    return int(found[1])


if not shutil.which("valgrind") or not shutil.which("readelf"):
    print("skipped: valgrind or readelf is not installed")
    sys.exit(77)
update = "--update" in sys.argv
lines = TABLE.read_text().splitlines() if TABLE.exists() else []
made_with = next((l[len("# compiler: "):] for l in lines if l.startswith("# compiler: ")), "")
if not update and made_with != compiler():
    print(f"skipped: the counts are {made_with}'s, this program is {compiler()}'s")
    sys.exit(77)
known = {tuple(l.split()[:2]): int(l.split()[2]) for l in lines if l and not l.startswith("#")}
names = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
failed, table = 0, []
for kernel in ("portable", "avx2"):
    for case in names:
        now = count(kernel, case)
        table.append(f"{kernel:<8} {case:<34} {now}")
        before = known.get((kernel, case))
        change = now / before - 1 if before else 0.0
        state = "new " if before is None else "FAIL" if change > TOLERANCE else "ok  "
        if before is not None and change < -TOLERANCE:
            state = "less"  # better: write it down
        failed += state == "FAIL" or (state == "new " and not update)
        print(f"{state} {kernel:<8} {case:<34} {now:>10} {change:+.1%}")
if update:
    TABLE.write_text("# Instructions of one operation, as valgrind counts them: bench/guard.py.\n"
                     f"# compiler: {compiler()}\n" + "\n".join(table) + "\n")
sys.exit(1 if failed and not update else 0)
