#!/usr/bin/env bash
# Everything that must hold, in one command: ./test, ./dev ci and .ci/run are this. Ends with one line,
# `N passed, N failed, N skipped`, over all steps. --full adds the tests under the address and undefined-behaviour
# sanitizers and clang-tidy: half an hour more.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

passed=0 failed=0 skipped=0 failures=""
started=$SECONDS
logs=build/ci
mkdir -p "$logs"

# check NAME COMMAND...: one step that passes or fails as a whole
check() {
  local name=$1 begin=$SECONDS
  shift
  step "$name"
  if "$@" >"$logs/$name.log" 2>&1; then
    passed=$((passed + 1))
    note "ok ($((SECONDS - begin)) s)"
  else
    failed=$((failed + 1)) failures="$failures $name"
    tail -40 "$logs/$name.log"
    note "FAILED ($((SECONDS - begin)) s), log: $logs/$name.log"
  fi
}

# tests NAME PRESET CTEST-ARGS...: a step that counts each ctest test
tests() {
  local name=$1 preset=$2 begin=$SECONDS log
  shift 2
  log="$logs/$name.log"
  step "$name"
  ctest --test-dir "build/$preset" -j2 --output-on-failure --no-tests=ignore "$@" >"$log" 2>&1
  local all bad skip
  all=$(sed -n 's/.* tests failed out of \([0-9]*\)$/\1/p' "$log" | tail -1)
  bad=$(sed -n 's/.*, \([0-9]*\) tests failed out of.*/\1/p' "$log" | tail -1)
  skip=$(grep -cE '\*\*\*Skipped' "$log")
  if [ -z "$all" ]; then
    failed=$((failed + 1)) failures="$failures $name"
    tail -20 "$log"
    return
  fi
  passed=$((passed + all - bad - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
  if [ "$bad" -gt 0 ]; then
    failures="$failures $(sed -n '/The following tests FAILED/,$p' "$log" | awk '/ - /{print $3}' | tr '\n' ' ')"
    grep -vE '^ *(Start|[0-9]+/[0-9]+ .*Passed)' "$log" | tail -80
  fi
  note "$((all - bad - skip)) passed, $bad failed, $skip skipped ($((SECONDS - begin)) s)"
}

step "Packages"
install_missing $(packages_of run build test)
need_node
npm_install web
use_newer_node
if [ -n "${V100_VECTORS:-}" ]; then note "public vectors: $V100_VECTORS"; else note "V100_VECTORS is not set: tests against public vectors are skipped"; fi

lock_build
check format ./dev fmt --check
check lint ./dev lint
check build-release build release
check web ./dev web
unlock_build
tests tests-release release -LE 'browser|interop'
# Browsers on a small shared machine: a test may be tried again, and fails only if it fails three times.
tests tests-browser release -L 'browser|interop' -LE e2e -j1 --repeat until-pass:3
tests tests-e2e release -L e2e -j1 --repeat until-pass:3
# AArch64 under qemu, twenty times slower than a processor: each kernel against portable, and the schemes on the
# widest; what only repeats itself is left to --full, where the public vectors run too.
arm64_tests='^(one_symbol.*|base_test|keccak_test.*|(mlkem|mldsa|falcon|slhdsa|hybrid)_test.neon-sha3)$'
check build-arm64 build arm64 base_test keccak_test mlkem_test mldsa_test falcon_test slhdsa_test hybrid_test
GTEST_FILTER='-*TenThousandCases:Acvp*:FalconVectors*:Slhdsa/[1-5].*:SlhdsaAccumulated*:*EveryValue*' \
  tests tests-arm64 arm64 -R "$arm64_tests"
if [ "${1:-}" = --full ]; then check constant-time tests/ct/run.sh --timing; else check constant-time tests/ct/run.sh; fi
check build-gcc build gcc
if [ "${1:-}" = --full ]; then
  check build-arm64-whole build arm64
  tests tests-arm64-whole arm64
  check clang-tidy ./dev lint --tidy
  check build-asan build asan
  tests tests-asan asan -LE 'browser|vectors|slow'
fi

step "Done in $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s"
[ -z "$failures" ] || note "failed:$failures"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
