#!/usr/bin/env bash
# run.sh PROGRAM SCRIPT [ARGUMENT...]: runs one interop test with a node that knows X25519MLKEM768 (24 or newer, fetched once from
# npm). Exit code 77 where that or the browser is not to be had.
set -uo pipefail
program=$1
script=$2
shift 2
cd "$(dirname "$0")/../.."
. scripts/setup.sh
node=$(newer_node 2>/dev/null) || { echo "skipped: no node 24 or newer, and npm could not fetch one"; exit 77; }
exec "$node" "tests/interop/$script" "$program" "$@"
