#!/usr/bin/env bash
# Installs libv100pq into a folder of its own and builds both examples as a user would: a broken header, symbol
# map, pkg-config file or soname shows here. Usage: installed_test.sh CMAKE BUILD-FOLDER CC CXX
set -euo pipefail
command -v pkg-config >/dev/null || { echo "skipped: no pkg-config"; exit 77; }
cmake=$1 build=$2 cc=$3 cxx=$4
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root "$cmake" --install "$build" --component v100pq >/dev/null
pc=$(find "$root" -name v100pq.pc)
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$root
read -ra flags <<<"$(pkg-config --cflags --libs v100pq)"
library=$(find "$root" -name 'libv100pq.so.0')
"$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror "$here/examples/sign.c" "${flags[@]}" -o "$root/c"
"$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Werror "$here/examples/sign.cpp" "${flags[@]}" -o "$root/cpp"
LD_LIBRARY_PATH=${library%/*} "$root/c" | tail -1
LD_LIBRARY_PATH=${library%/*} "$root/cpp"
# Nothing but the C interface may be visible, and all of the header must be there.
visible=$(nm -D --defined-only "$library" | sed -n 's/.* [TW] \([^@]*\).*/\1/p' | sort)
declared=$(grep -o 'v100pq_[a-z_]*(' "$here/v100pq.h" | tr -d '(' | sort -u)
[ "$visible" = "$declared" ] || { diff <(echo "$visible") <(echo "$declared"); exit 1; }
echo "$(wc -l <<<"$visible") symbols, all declared"
