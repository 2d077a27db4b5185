#!/usr/bin/env python3
"""Style as a test: layers, front doors, self-contained headers, lengths, banned headers, dead files.

Each rule is from STYLE.md. Exit 0 when clean, 1 with one line a finding. --fast leaves the headers out;
--tidy adds clang-tidy (minutes).
"""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.chdir(ROOT)
FILE_LINES, FUNCTION_LINES, COLUMNS = 500, 60, 100
BANNED = {
    "iostream": "brings static constructors; use fmt",
    "regex": "slow to compile and to run",
    "chrono": "use base/units.h (io and main may)",
    "thread": "threads live in io and main",
    "filesystem": "system calls live in io and main",
    "format": "not in g++ 12; use fmt",
}
MAY_SYSTEM = ("src/io/", "src/main/", "src/store/", "src/bus/", "tests/", "bench/", "web/wasm/")
findings = []


def finding(path, line, text):
    findings.append(f"{path}:{line}: {text}")


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], capture_output=True, text=True, check=True)
    return [p for p in out.stdout.split("\n") if p and os.path.exists(p)]


def read_layers():
    layers = {}
    for row in pathlib.Path("layers.txt").read_text().splitlines():
        if row and not row.startswith("#"):
            module, _, may = row.partition(":")
            layers[module.strip()] = set(may.split())
    return layers


def module_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def folder_of(path):
    """The folder that counts as one module for the front-door rule: src/crypto/mlkem, src/rtc, src/svc/attest."""
    parts = path.split("/")
    return "/".join(parts[:3]) if parts[1] in ("crypto", "svc", "he") and len(parts) > 3 else "/".join(parts[:2])


def check_includes(path, lines, layers):
    module = module_of(path)
    is_test = re.search(r"_(test|bench|fuzz)\.cpp$", path) is not None
    for number, line in enumerate(lines, 1):
        quoted = re.match(r'#include "([^"]+)"', line)
        angled = re.match(r"#include <([^>]+)>", line)
        if angled and angled[1] in BANNED and not path.startswith(MAY_SYSTEM) and not is_test:
            finding(path, number, f"<{angled[1]}>: {BANNED[angled[1]]}")
        if not quoted:
            continue
        target = "src/" + quoted[1]
        other = module_of(target)
        if "../" in quoted[1] or (path.startswith("src/") and not os.path.exists(target)):
            finding(path, number, f'"{quoted[1]}": includes go from src/')
        elif module and other and module != other and not is_test:
            may = layers.get(module, set())
            if other not in may and "*" not in may:
                finding(path, number, f"layer: {module} may not include {other} (layers.txt)")
        if module == "svc" and other == "svc" and folder_of(path) != folder_of(target) and not is_test:
            if not quoted[1].endswith("/api.h") and quoted[1] not in ("svc/service.h",) and target.count("/") > 2:
                finding(path, number, "a service sees another's api.h only")


def check_kernel(path, lines):
    """Kernel files see intrinsics, fixed-width integers, kernel.h and the body: nothing that could emit a shared symbol."""
    for number, line in enumerate(lines, 1):
        include = re.match(r'#include [<"]([^>"]+)[>"]', line)
        if include and not (include[1] in ("immintrin.h", "cstdint", "cstddef", "type_traits", "wasm_simd128.h", "arm_neon.h") or include[1].endswith(("kernel.h", ".inl.h"))):
            finding(path, number, f"kernel file includes {include[1]}")


def check_lengths(path, lines):
    if len(lines) > FILE_LINES and not any("lint: table" in line for line in lines[:10]):
        finding(path, 1, f"{len(lines)} lines; a file has {FILE_LINES} at most")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and "http" not in line and path.endswith((".h", ".cpp")):
            finding(path, number, f"{len(line)} columns")
    if not path.endswith(".cpp"):
        return
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"^(?!namespace|struct|class|enum|extern \"C\" \{|union|const|constexpr|static const|#|//|\}|using)\S.*\{$", line) or (
            start is None and re.match(r"^\s{4,}.*\) ?(const|noexcept|override| )*\{$", line) and number > 1 and re.match(r"^\S.*\($|^\S.*,$", lines[number - 2])
        ):
            start = number
        elif line == "}" and start is not None:
            if number - start > FUNCTION_LINES:
                finding(path, start, f"function of {number - start} lines; {FUNCTION_LINES} at most")
            start = None


def check_dead(sources):
    cmake = "\n".join(pathlib.Path(p).read_text() for p in tracked("*CMakeLists.txt", "cmake/*.cmake"))
    for path in sources:
        if path.endswith(".cpp") and not re.search(r"(?<![\w])" + re.escape(os.path.basename(path)), cmake):
            finding(path, 1, "in no CMakeLists.txt: dead file")


def check_headers(headers):
    """Each header compiles alone. Results are kept by content, so a second run costs nothing."""
    cache = pathlib.Path("build/lint")
    cache.mkdir(parents=True, exist_ok=True)
    everything = hashlib.sha256(b"".join(pathlib.Path(h).read_bytes() for h in headers)).hexdigest()
    if (cache / f"headers-{everything}").exists():
        return

    def compile_one(header):
        done = subprocess.run(
            ["clang++-19", "-std=gnu++23", "-Isrc", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-pragma-once-outside-header", "-Wno-unused-function", "-Wno-gnu-statement-expression", header],
            capture_output=True, text=True)
        return header, done

    with ThreadPoolExecutor(2) as pool:
        for header, done in pool.map(compile_one, headers):
            if done.returncode != 0:
                finding(header, 1, "not self-contained: " + next((l for l in done.stderr.splitlines() if "error" in l), "?"))
    if not findings:
        (cache / f"headers-{everything}").touch()


def check_loose_ends(paths):
    for path in paths:
        if path.endswith(("lint.py", ".lock", "package-lock.json")) or "fuzz_corpus" in path:
            continue
        try:
            text = pathlib.Path(path).read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                finding(path, number, "loose end: finish it, or write it into the issue")


def run_tidy(sources):
    skipped = re.compile(r"(_(test|bench|fuzz)|/kernel_\w+)\.cpp$|/examples/")
    files = [s for s in sources if s.startswith("src/") and s.endswith(".cpp") and not skipped.search(s)]
    database = "build/release"
    done = subprocess.run(["xargs", "-P2", "-n4", "clang-tidy-19", "-p", database, "--quiet", "--warnings-as-errors=*"], input="\n".join(files), capture_output=True, text=True)
    if done.returncode != 0:
        for line in done.stdout.splitlines():
            if re.search(r"(warning|error):", line):
                findings.append(line.replace(str(ROOT) + "/", ""))


def main():
    layers = read_layers()
    sources = tracked("src/*.h", "src/*.cpp", "tests/*.h", "tests/*.cpp", "web/wasm/*.cpp", "web/wasm/*.h")
    for path in sources:
        lines = pathlib.Path(path).read_text().split("\n")
        if path.startswith("src/"):
            check_includes(path, lines, layers)
        if re.search(r"/kernel_(?!.*test)\w+\.cpp$", path):
            check_kernel(path, lines)
        check_lengths(path, lines)
    for path in tracked("web/*.ts", "web/*.mjs"):
        check_lengths(path, pathlib.Path(path).read_text().split("\n"))
    check_dead(sources)
    check_loose_ends(tracked("src/*", "tests/*", "web/*", "scripts/*", "docs/*", "cmake/*", "run", "test", "dev", "*.md"))
    if "--fast" not in sys.argv:
        check_headers([s for s in sources if s.startswith("src/") and s.endswith(".h") and not s.endswith(".inl.h")])
    if "--tidy" in sys.argv:
        run_tidy(sources)
    print("\n".join(findings) if findings else f"lint: {len(sources)} C++ files clean")
    return 1 if findings else 0


sys.exit(main())
