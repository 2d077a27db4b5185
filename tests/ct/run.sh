#!/usr/bin/env bash
# Constant time: runs every case of ct_check under valgrind memcheck on each kernel that valgrind knows
# (it hides AVX-512), and says in a line each what it found. A case fails if a branch or an address
# depends on a secret; a case named leak-… fails if that is not reported. With --timing also what stands in for
# valgrind on the widest kernel, besides the reading of its objects (ctest ct_branches): times of two classes of
# secrets, compared.
#   tests/ct/run.sh [--timing] [FILTER]
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/setup.sh
timing=
if [ "${1:-}" = --timing ]; then
  timing=1
  shift
fi
command -v valgrind >/dev/null || die "valgrind is not installed: ./dev deps"
./dev build ct ct_check
check=$(find build/ct -type f -name ct_check -perm -u+x | head -1)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0
for kernel in portable avx2; do
  if ! V100_KERNEL=$kernel "$check" kernels >/dev/null 2>&1; then
    echo "skip  $kernel: this machine has no $kernel"
    continue
  fi
  for case in $("$check" list); do
    [[ "$case" == *"${1:-}"* ]] || continue
    status=0
    V100_KERNEL=$kernel nice valgrind --quiet --error-exitcode=99 --main-stacksize=8388608 \
      --max-stackframe=4194304 --suppressions=tests/ct/libcrypto.supp "$check" "$case" >"$log" 2>&1 || status=$?
    used=$(sed -n 's/^kernels: //p' "$log")
    expected=0
    [[ "$case" == leak-* ]] && expected=99
    if [ "$status" = "$expected" ] && [[ "$used" == "keccak $kernel, mlkem $kernel, mldsa $kernel, falcon $kernel" ]]; then
      passed=$((passed + 1))
      if [ "$expected" = 0 ]; then echo "ok    $kernel $case"; else echo "ok    $kernel $case: caught"; fi
    else
      failed=$((failed + 1))
      if [ "$expected" = 99 ]; then why="the planted leak was not caught"; else why="exit $status"; fi
      echo "FAIL  $kernel $case: $why"
      head -30 "$log"
    fi
  done
done
if [ -n "$timing" ]; then
  ./dev build release ct_timing
  if build/release/tests/ct/ct_timing "${1:-}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
fi
echo "constant time: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
