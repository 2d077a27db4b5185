#!/bin/bash
# Broken if this fails: `v100 attest` against a running server and against a log that lies.
# Usage: attest.sh PATH-TO-v100
set -u
v100=$1
dir=$(mktemp -d)
server=
trap '[ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$dir"' EXIT
failed=0
want() { # want CODE WORDS... : runs `v100 attest WORDS`, compares the exit code
  local code=$1
  shift
  "$v100" attest "$@" >"$dir/out" 2>&1
  local got=$?
  if [ "$got" != "$code" ]; then
    echo "FAILED ($got instead of $code): attest $*"
    cat "$dir/out"
    failed=1
  fi
}
port=$((20000 + RANDOM % 20000))
start() {
  "$v100" serve --data "$dir/data" --listen 127.0.0.1:$port --insecure-http \
    --health-listen 127.0.0.1:$((port + 1)) --udp-port $((port + 2)) >"$dir/serve.out" 2>"$dir/serve.log" &
  server=$!
  for _ in $(seq 100); do
    if [ -s "$dir/data/attest/0/public/checkpoint" ]; then
      "$v100" attest monitor --log "http://127.0.0.1:$port/log/0" --key "$dir/data/attest/vkeys-0" >/dev/null 2>&1
      if [ $? != 2 ]; then
        cp "$dir/data/attest/0/public/checkpoint" "$dir/checkpoint"
        return
      fi
    fi
    sleep 0.1
  done
  echo "FAILED: no checkpoint"; cat "$dir/serve.out" "$dir/serve.log"; exit 1
}
start
log=http://127.0.0.1:$port/log/0
key=$dir/data/attest/vkeys-0
cp "$dir/checkpoint" "$dir/old"
want 0 verify "$dir/checkpoint" --key "$key" --json
grep -q '"valid":true' "$dir/out" || { echo "FAILED: no JSON verdict"; failed=1; }
want 0 monitor --log "$log" --key "$key" --state "$dir/m.state"
want 0 witness --name w.example --seed "$dir/w.seed" --init
cp "$dir/out" "$dir/w.vkey"
witness=(witness --name w.example --seed "$dir/w.seed" --log "$log" --key "$key" --state "$dir/w.state" --out "$dir/w.cp")
want 0 "${witness[@]}"
want 0 verify "$dir/w.cp" --key "$key" --witness "$dir/w.vkey" --quorum 1
want 1 verify "$dir/old" --key "$key" --witness "$dir/w.vkey" --quorum 1
want 1 verify "$dir/w.cp" --key "$dir/w.vkey" --quorum 2
want 2 verify "$dir/nothing" --key "$key"
awk 'NR == 2 { $0 += 1 } 1' "$dir/checkpoint" >"$dir/forged" # one leaf more
want 1 verify "$dir/forged" --key "$key"
# Killed, started again: the same history.
kill -9 "$server"
wait "$server" 2>/dev/null
start
want 0 verify "$dir/checkpoint" --key "$key" --older "$dir/old" --log "$log"
want 0 monitor --log "$log" --key "$key" --state "$dir/m.state" --seen "$dir/w.cp"
want 0 "${witness[@]}"
# A copy of the static files is a log too; with a tile gone, changed or unsigned it is shouted at.
files=$dir/data/attest/0/public
want 0 monitor --log "$files" --key "$key" --json
cp -r "$files" "$dir/copy"
tile=$(cd "$dir/copy" && find tile/entries -type f | head -1)
printf '\001' | dd of="$dir/copy/$tile" bs=1 seek=9 conv=notrunc 2>/dev/null
want 1 monitor --log "$dir/copy" --key "$key"
grep -q 'BAD-TILE' "$dir/out" || { echo "FAILED: a changed tile is not shouted"; failed=1; }
rm "$dir/copy/$tile"
want 1 monitor --log "$dir/copy" --key "$key"
grep -q 'MISSING-TILE' "$dir/out" || { echo "FAILED: a missing tile is not shouted"; failed=1; }
cp "$dir/forged" "$dir/copy/checkpoint"
want 1 monitor --log "$dir/copy" --key "$key"
grep -q 'UNSIGNED-ROOT' "$dir/out" || { echo "FAILED: an unsigned root is not shouted"; failed=1; }
# The same keys with another history: a split view that the witness's checkpoint shows.
mkdir -p "$dir/evil/attest"
cp "$dir/data/attest/key" "$dir/data/attest/origin" "$dir/evil/attest/"
kill "$server"
wait "$server" 2>/dev/null
mv "$dir/data" "$dir/honest" && mv "$dir/evil" "$dir/data"
start
key=$dir/honest/attest/vkeys-0
size() { sed -n 2p "$1" | grep . || echo 0; }
for _ in $(seq 200); do # until it has as many leaves as the honest one had
  [ "$(size "$dir/data/attest/0/public/checkpoint")" -ge "$(size "$dir/w.cp")" ] && break
  curl -s "http://127.0.0.1:$port/v1/echo" >/dev/null
  sleep 0.03
done
want 1 monitor --log "$log" --key "$key" --seen "$dir/w.cp"
grep -Eq 'SPLIT-VIEW|FORK' "$dir/out" || { echo "FAILED: a split view is not shouted"; failed=1; }
witness[8]=$key
want 1 "${witness[@]}"
[ -s "$dir/w.cp.evidence" ] || { echo "FAILED: no evidence was kept"; failed=1; }
[ "$failed" = 0 ] && echo "attest: all as it should be"
exit "$failed"
