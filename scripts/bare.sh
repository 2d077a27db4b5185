#!/usr/bin/env bash
# Both README commands in a fresh Debian 12 root, as a new user would type them. A machine with packages
# installed by hand proves nothing; this one has debootstrap's minimum and git.
# Usage: ./dev bare [--keep] [--run-only]   (root; about 3 GB in build/bare)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
[ "$(id -u)" = 0 ] || die "debootstrap and chroot need root"
keep= run_only=
for argument in "$@"; do
  case "$argument" in --keep) keep=1 ;; --run-only) run_only=1 ;; *) die "unknown argument $argument" ;; esac
done
install_missing $(packages_of bare)

mkdir -p build
root=$PWD/build/bare
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p; s/^URIs: \([^ ]*\).*/\1/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1 || true)
cleanup() {
  for place in root/vectors dev/pts dev proc sys; do mountpoint -q "$root/$place" && umount -l "$root/$place"; done
  [ -n "$keep" ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT
[ ! -e "$root" ] || keep='' cleanup
step "debootstrap into build/bare (from ${mirror:-the default mirror})"
begin=$SECONDS
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" ${mirror:+"$mirror"} >build/bare.log 2>&1 || { tail -5 build/bare.log; die "debootstrap failed"; }
note "$((SECONDS - begin)) s"
# The way to the network is the host's: package sources, certificates, proxies, npm's settings.
rm -rf "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d"
cp -r /etc/apt/sources.list.d "$root/etc/apt/" 2>/dev/null || true
[ ! -f /etc/apt/sources.list ] || cp /etc/apt/sources.list "$root/etc/apt/"
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
[ ! -d /usr/local/share/ca-certificates ] || cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
[ ! -f /etc/npmrc ] || cp /etc/npmrc "$root/etc/npmrc"
[ ! -f "$HOME/.npmrc" ] || cp "$HOME/.npmrc" "$root/root/.npmrc"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
mount -t sysfs sys "$root/sys" 2>/dev/null || true
if [ -n "${V100_VECTORS:-}" ]; then
  mkdir -p "$root/root/vectors" && mount --bind -o ro "$V100_VECTORS" "$root/root/vectors"
fi

in_root() { # environment kept to what a login has, and the proxies
  env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" LANG=C.UTF-8 \
    $(env | grep -iE '^(https?_proxy|no_proxy|npm_config_[a-z_]*|NODE_EXTRA_CA_CERTS)=' | tr '\n' ' ') chroot "$root" bash -c "$1"
}
step "git clone"
in_root 'apt-get update >/dev/null && apt-get install -y --no-install-recommends git >/dev/null'
git bundle create -q "$root/tmp/v100.bundle" main
begin=$SECONDS
in_root 'cd /root && git clone -q -b main /tmp/v100.bundle v100'
stop_run() { pkill -f "^build/release/v100 serve" 2>/dev/null || true; pkill -F "$root/tmp/run.pid" 2>/dev/null || true; sleep 2; }
start_and_stop() { # what is measured, seconds it may take; the clock runs since $begin
  in_root 'cd /root/v100 && (timeout 1800 ./run >/tmp/run.log 2>&1 & echo $! >/tmp/run.pid)'
  until curl -fsk https://127.0.0.1:8443/livez >/dev/null 2>&1; do
    sleep 0.2
    [ $((SECONDS - begin)) -lt "$2" ] || { tail -20 "$root/tmp/run.log"; die "no URL after $2 s"; }
    pgrep -F "$root/tmp/run.pid" >/dev/null 2>&1 || { tail -30 "$root/tmp/run.log"; die "./run ended"; }
  done
  cat "$root/tmp/run.log"
  note "$1: $((SECONDS - begin)) s"
  stop_run
}
step "./run"
start_and_stop "from git clone to an answering URL" 1800
step "./run once more"
begin=$SECONDS
start_and_stop "./run once more" 120
begin=$SECONDS
[ -z "$run_only" ] || exit 0
step "./test"
in_root 'cd /root/v100 && { [ ! -d /root/vectors ] || export V100_VECTORS=/root/vectors; } && ./test'
note "./test: $(((SECONDS - begin) / 60)) min"
