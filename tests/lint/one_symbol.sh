#!/usr/bin/env bash
# A kernel object exports exactly one global symbol and no weak one: a shared inline helper compiled with
# AVX-512 flags could else become the copy the linker keeps for baseline code.
# Usage: one_symbol.sh LIBRARY.a SOURCE-FILE
set -eu
object="$(basename "$2").o"
symbols=$(nm --defined-only --extern-only "$1" 2>/dev/null |
  awk -v o="$object:" '$0==o{on=1;next} /:$/{on=0} on&&NF' | grep -v ' DW.ref' || true)
count=$(printf '%s' "$symbols" | grep -c . || true)
if [ "$count" != 1 ] || printf '%s' "$symbols" | grep -q ' [VWvw] '; then
  printf '%s: expected one strong global symbol, found:\n%s\n' "$object" "$symbols"
  exit 1
fi
