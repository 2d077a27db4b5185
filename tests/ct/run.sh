#!/usr/bin/env bash
# The constant-time check (./dev ct): every operation of ct_check under valgrind memcheck, on the
# portable and the AVX2 kernels (valgrind knows no AVX-512). The planted leaks must be caught.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v valgrind >/dev/null || { echo "ct: valgrind is not installed" >&2; exit 2; }
[ -f build/ct/build.ninja ] || cmake --preset ct >/dev/null
cmake --build build/ct -- ct_check
program=build/ct/tests/ct/ct_check
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
for kernel in portable avx2; do
  if ! V100_KERNEL=$kernel "$program" --list >"$log" 2>&1; then
    echo "ct: $kernel: skipped, this machine lacks it"
    continue
  fi
  for check in $("$program" --list); do
    rc=0
    V100_KERNEL=$kernel valgrind -q --error-exitcode=99 --max-stackframe=4194304 \
      "$program" "$check" >"$log" 2>&1 || rc=$?
    case "$check:$rc" in
      leak-*:99) echo "ct: $kernel: $check: caught, as it must be" ;;
      leak-*) echo "ct: $kernel: $check: NOT caught: the check is blind" ; failed=1 ;;
      *:0) echo "ct: $kernel: $check: ok" ;;
      *) echo "ct: $kernel: $check: FAILED ($rc)" ; head -40 "$log" ; failed=1 ;;
    esac
  done
done
exit $failed
