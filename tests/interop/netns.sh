#!/usr/bin/env bash
# Runs a command in a fresh network namespace with the addresses 10.77.0.1 and fd77::1 and default routes:
# Firefox never pairs loopback addresses, so a call with it needs a network that looks like one.
# The namespace dies with the command. Needs root (or CAP_SYS_ADMIN and CAP_NET_ADMIN).
set -euo pipefail
if ! unshare --net true 2>/dev/null; then
  echo 'skipped: a network namespace needs root'
  exit 77
fi
export INTEROP_IP=10.77.0.1
exec unshare --net -- bash -c '
  set -e
  ip link set lo up
  ip link add v100a type veth peer name v100b
  ip addr add 10.77.0.1/24 dev v100a
  ip link set v100a up
  ip link set v100b up
  ip route add default via 10.77.0.2 dev v100a
  ip -6 addr add fd77::1/64 dev v100a nodad 2>/dev/null && ip -6 route add default via fd77::2 dev v100a || true
  exec "$@"
' netns "$@"
