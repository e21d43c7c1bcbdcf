#!/usr/bin/env bash
# A db node and a backup host out of the db image, on loopback in namespaces of their own, with an ssh server and an S3
# server. usage: world.sh WORK IMAGE TOOLS S3-SERVER.js CHECKS.sh
#
# WORK holds what was rendered: files of the db node in WORK/db, of the backup host in WORK/host, the S3 server's
# certificate and key in WORK/s3.crt and WORK/s3.key, S3 key and secret in WORK/s3.account. CHECKS.sh is run with the functions below.
set -euo pipefail
if [ "${INGOT_TEST_INSIDE:-}" = "" ]; then
  INGOT_TEST_INSIDE=1 exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- "$0" "$@"
fi
work=$1 image=$2 tools=$3 s3_server=$4 checks=$5
ip link set lo up

mkdir -p "$work/world" "$work/image"
mount -t tmpfs tmpfs "$work/world"
mount -t squashfs -o loop,ro "$image" "$work/image"
for node in db host; do
  root=$work/world/$node
  mkdir -p "$root" "$work/world/$node.upper" "$work/world/$node.work"
  mount -t overlay overlay -o "lowerdir=$work/image,upperdir=$work/world/$node.upper,workdir=$work/world/$node.work" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  cp -r "$work/$node/." "$root/"
  groupadd --root "$root" --force --system ingot
  chroot "$root" systemd-tmpfiles --create --prefix=/run/pgbackrest --prefix=/var/spool/pgbackrest --prefix=/var/log/pgbackrest >/dev/null 2>&1 || true
  chroot "$root" chgrp postgres /etc/ingot/pki/node.key
  chroot "$root" chmod 0640 /etc/ingot/pki/node.key
  chroot "$root" sh -c 'chgrp postgres /etc/pgbackrest/*; chmod 0640 /etc/pgbackrest/*.conf /etc/pgbackrest/*.key 2>/dev/null; true'
done
db=$work/world/db
data=/var/lib/postgresql/17/main

on_db() { chroot "$db" setpriv --reuid postgres --regid postgres --init-groups -- env HOME=/var/lib/postgresql "$@"; }
on_host() { chroot "$work/world/host" setpriv --reuid postgres --regid postgres --init-groups -- env HOME=/var/lib/postgresql "$@"; }
backrest() { on_db pgbackrest --stanza=orders "$@"; }
sql() { on_db psql -X -q -A -t -v ON_ERROR_STOP=1 -h /var/run/postgresql -c "$1"; }
start_postgres() {
  on_db /usr/lib/postgresql/17/bin/pg_ctl -D "$data" -w -t 180 -l /tmp/postgres.log start >/dev/null || { cat "$db/tmp/postgres.log"; return 1; }
}
stop_postgres() { on_db /usr/lib/postgresql/17/bin/pg_ctl -D "$data" -w -m "${1:-fast}" stop >/dev/null; }
make_database() {
  on_db /usr/lib/postgresql/17/bin/initdb -D "$data" --auth=trust --no-sync --set "unix_socket_directories=/var/run/postgresql" --set listen_addresses= \
    --set archive_mode=on --set "archive_command=pgbackrest --stanza=orders archive-push \"%p\"" >/dev/null
}
start_s3() {
  mkdir -p "$work/world/s3"
  : >"$work/s3.log"
  # shellcheck disable=SC2046 # two words: key and secret
  node "$s3_server" "$tools" 127.0.0.61 9000 "$work/world/s3" "$work/s3.crt" "$work/s3.key" backups $(cat "$work/s3.account") >"$work/s3.log" 2>&1 &
  s3_pid=$!
  for _ in $(seq 300); do grep -q serving "$work/s3.log" && return; sleep 0.1; done
  cat "$work/s3.log" >&2
  return 1
}
stop_s3() { kill "$s3_pid"; wait "$s3_pid" || true; }
start_host() { on_host pgbackrest server >"$work/host.log" 2>&1 & }
start_sshd() {
  mkdir -p "$db/run/sshd" "$db/srv/backups"
  chroot "$db" chown postgres:postgres /srv/backups
  chroot "$db" install -d -m 0700 -o postgres -g postgres /var/lib/postgresql/.ssh
  chroot "$db" install -m 0600 -o postgres -g postgres /etc/ssh/client.pub /var/lib/postgresql/.ssh/authorized_keys
  chmod 0600 "$db/etc/ssh/host_key"
  chroot "$db" usermod --password '*' postgres # without PAM sshd lets nobody in who is locked
  chroot "$db" /usr/sbin/sshd -f /dev/null -o ListenAddress=127.0.0.51:22 -o HostKey=/etc/ssh/host_key -o Subsystem='sftp internal-sftp' -o UsePAM=no
}

mkdir -p "$db/var/run/postgresql"
chroot "$db" install -d -o postgres -g postgres /var/run/postgresql /run/pgbackrest /var/spool/pgbackrest /var/log/pgbackrest
chroot "$work/world/host" install -d -o postgres -g postgres /run/pgbackrest /var/log/pgbackrest
chroot "$db" install -d -m 0700 -o postgres -g postgres /var/lib/postgresql/17
# shellcheck source=/dev/null
. "$checks"
