#!/usr/bin/env bash
# `./dev bench install`: ingot-install beside `curl | zstd -d | dd` and bmaptool, the same image from the same web server to
# the same kind of target (a loop device on this machine's disk), each result compared with the image. Prints a table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly ingot=build/bin/ingot installer=build/bin/ingot-install
images=${1:?the folder of images: build/images}
role=${2:-proxy}
readonly runs=${3:-3}
image=$images/$role
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" ingot-bench-XXXXXX)
server='' loop=''

cleanup() {
  [ -z "$loop" ] || losetup -d "$loop"
  [ -z "$server" ] || kill "$server"
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

say() { printf '%s\n' "bench: $*" >&2; }

# Half again as large as the image, and never the same file twice: every tool finds an empty disk.
fresh_target() {
  [ -z "$loop" ] || losetup -d "$loop"
  loop=''
  rm -f "$work/target"
  fallocate -l "$target_size" "$work/target"
  loop=$(losetup --find --show --direct-io=on "$work/target")
  sync
  echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || true
  cat "$image/disk.raw.zst" >/dev/null # the server has it in memory
}

# The disk is the image, apart from our own mark in the gap before the first partition.
check() {
  cmp -n $((512 * 1024)) "$loop" "$work/raw"
  cmp -i $((516 * 1024)) -n $((raw_size - 516 * 1024)) "$loop" "$work/raw"
}

# measure NAME COMMAND...: seconds, processor seconds and megabytes of memory of a command with all its children.
measure() {
  local name=$1
  shift
  fresh_target
  say "$name"
  /usr/bin/env python3 - "$work/numbers" "$@" <<'PYTHON' || { tail -n 20 "$work/log" >&2; say "$name failed"; exit 1; }
import os, resource, subprocess, sys, time
start = time.monotonic()
with open(os.path.join(os.path.dirname(sys.argv[1]), "log"), "w") as log:
    status = subprocess.run(sys.argv[2:], stdout=log, stderr=log).returncode
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as out:
    print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000, file=out)
sys.exit(status)
PYTHON
  check
  awk -v name="$name" -v bytes="$raw_size" '{printf "%-56s %7.2f s %7.0f MB/s %7.2f s CPU %6.0f MB\n", name, $1, bytes / 1e6 / $1, $2, $3}' "$work/numbers"
}

[ -e "$image/disk.map.json" ] || { say "$image has no disk.map.json: ingot build $role --format raw.zst,netboot"; exit 1; }
zstd -q -d "$image/disk.raw.zst" -o "$work/raw" --sparse
raw_size=$(stat -c %s "$work/raw")
target_size=$(((raw_size + raw_size / 2 + 4194303) / 4194304 * 4194304))
map=$(sha256sum "$image/disk.map.json" | cut -d ' ' -f 1)

printf 'roles: []\n' >"$work/serve.yaml"
port=18473
"$ingot" serve "$images" --config "$work/serve.yaml" --state "$work/state" --listen 127.0.0.1 --port $port >"$work/serve.log" &
server=$!
until curl -fs "http://127.0.0.1:$port/status" >/dev/null; do kill -0 "$server"; sleep 0.1; done
url=http://127.0.0.1:$port/images/$role/

# What bmaptool needs: a map of its own, made from the sparse image, and the image as zstd (one frame behind the other).
bmaptool create -o "$work/disk.bmap" "$work/raw" 2>/dev/null

say "$role: $((raw_size / 1000000)) MB, $(du -k "$work/raw" | cut -f 1) KB of it in use, $(stat -c %s "$image/disk.raw.zst") bytes compressed"
for _ in $(seq "$runs"); do
  # $loop is another one each time: the commands are put together behind fresh_target by a shell.
  measure "ingot-install (verifies each piece)" sh -c "exec $installer $url --map $map --disk path=\$(losetup -j $work/target -O NAME -n | tr -d ' ')"
  measure "curl | zstd -d | dd bs=4M conv=fsync (verifies nothing)" sh -c "curl -fsS ${url}disk.raw.zst | zstd -q -d | dd of=\$(losetup -j $work/target -O NAME -n | tr -d ' ') bs=4M iflag=fullblock conv=fsync status=none"
  measure "curl | zstd -d | dd oflag=direct" sh -c "curl -fsS ${url}disk.raw.zst | zstd -q -d | dd of=\$(losetup -j $work/target -O NAME -n | tr -d ' ') bs=4M iflag=fullblock oflag=direct conv=fsync status=none"
  measure "bmaptool copy (verifies ranges)" sh -c "exec bmaptool -q copy --bmap $work/disk.bmap ${url}disk.raw.zst \$(losetup -j $work/target -O NAME -n | tr -d ' ')"
done
