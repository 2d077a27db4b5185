#!/usr/bin/env bash
# `v100 vectors` over $V100_VECTORS on the kernel of $V100_KERNEL. Exit 77: skipped.
# Usage: public_vectors.sh [EMULATOR [OPTION...]] V100-PROGRAM
set -u
sets="acvp-mlkem acvp-mldsa acvp-slhdsa acvp-sha3 cavp-sha3 mlkem-kat hybrid-xwing falcon-round3 structured-fields httpsig"
if [ -z "${V100_VECTORS:-}" ]; then
  echo "skipped: V100_VECTORS is not set; 10 sets of public vectors ($sets) were not run"
  exit 77
fi
if ! "$@" version >/dev/null 2>&1; then
  echo "skipped: this machine has no ${V100_KERNEL:-kernel}"
  exit 77
fi
cd "$V100_VECTORS" || exit 2
# shellcheck disable=SC2086
exec "$@" vectors $sets
