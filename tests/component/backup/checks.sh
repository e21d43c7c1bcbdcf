# What has to work; run by world.sh. The first thing that does not ends it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # work, db and data are world.sh's
say() { echo "check: $*"; }

make_database
start_postgres
start_s3
start_host
start_sshd

say "the stanza is made in each repository"
# archive_command is live from the start and may hold the lock for a moment.
for _ in $(seq 60); do
  backrest stanza-create && break
  sleep 1
done
say "WAL arrives in each"
backrest check
sql "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n"
for number in 1 2 3 4; do
  say "full backup into repository $number"
  backrest --repo=$number backup
done
sql "INSERT INTO t VALUES (0)"
sql "SELECT pg_switch_wal()" >/dev/null
backrest check
stop_postgres
for number in 1 2 3 4; do
  say "restore from repository $number"
  rm -rf "${db:?}$data"
  # Without archiving: a copy that archived its own timeline would stand in the way of the next one.
  backrest --repo=$number --archive-mode=off restore
  start_postgres
  for _ in $(seq 100); do [ "$(sql "SELECT pg_is_in_recovery()")" = f ] && break; sleep 0.2; done
  [ "$(sql "SELECT count(*) FROM t")" = 1001 ]
  stop_postgres
done

say "what is stored is encrypted, and lies below the cluster's own path"
test -d "$work/world/host/var/lib/pgbackrest/orders-6f1c2d3e/backup/orders"
test -d "$db/srv/backups/orders-6f1c2d3e/backup/orders"
test -d "$db/var/lib/pgbackrest/orders-6f1c2d3e/backup/orders"
if grep -rq backrest-format "$db/srv/backups"; then exit 1; fi

say "a db node that did not announce itself is refused by the backup host"
sed -i 's/db-1/db-9/' "$work/world/host/etc/pgbackrest/conf.d/clients.conf"
pkill -HUP -f 'pgbackrest server'
sleep 1
on_db pgbackrest --stanza=orders --repo=1 --output=json info >"$work/info-unknown-client.json"
sed -i 's/db-9/db-1/' "$work/world/host/etc/pgbackrest/conf.d/clients.conf"
pkill -HUP -f 'pgbackrest server'

say "another database is not let into the stanza"
rm -rf "${db:?}$data"
make_database
start_postgres
for _ in $(seq 60); do # while its WAL is being refused, the lock may be held
  if backrest stanza-create >"$work/foreign.txt" 2>&1; then exit 1; fi
  grep -q '\[050\]' "$work/foreign.txt" || break
  sleep 1
done
stop_postgres immediate # its WAL is not taken, so an orderly end would wait

say "a wrong S3 secret"
stop_s3
echo "AK1 another" >"$work/s3.account"
start_s3
on_db timeout 60 pgbackrest --stanza=orders --repo=2 --io-timeout=1 --output=json info >"$work/info-wrong-secret.json" || true
say "done"
