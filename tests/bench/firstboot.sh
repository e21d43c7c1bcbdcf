#!/usr/bin/env bash
# `./dev bench firstboot [BOOTS]`: the same container, booted with Debian's cloud-init and with the agent, side by side,
# doing the same work from the same NoCloud seed. What the program and its children took: processor time, from its start to
# the last command of the user-data, and the most resident memory. Medians of several boots; keeps nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly boots=${1:-5}
readonly image=${INGOT_IMAGES:-build/images}/etcd/root.squashfs
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" ingot-bench-XXXXXX)
# A group for the container's processes, so that all of them can be ended; a machine may have version 2 beside version 1.
groups=/sys/fs/cgroup
[ -e "$groups/cgroup.controllers" ] || groups=$groups/unified
readonly cgroup=$groups/ingot-bench-$$

say() { printf '%s\n' "bench: $*" >&2; }

clean() {
  [ ! -e "$cgroup/cgroup.kill" ] || echo 1 >"$cgroup/cgroup.kill"
  for mount in "$work"/*/root "$work/image"; do
    for _ in 1 2 3 4 5 6 7 8 9 10; do mountpoint -q "$mount" || break; umount "$mount" 2>/dev/null || sleep 0.3; done
  done
  find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap clean EXIT

[ -e "$image" ] || { say "there is no $image; ./dev build, then: ingot build etcd --format squashfs"; exit 1; }
mkdir "$work/image"
mount -o loop,ro "$image" "$work/image"

# layer NAME LOWER: an overlay over the image, mounted at $work/NAME/root.
layer() {
  mkdir -p "$work/$1"/{upper,scratch,root}
  mount -t overlay overlay -o "lowerdir=$2,upperdir=$work/$1/upper,workdir=$work/$1/scratch" "$work/$1/root"
}

write_seed() {
  local seed=$1/var/lib/cloud/seed/nocloud
  mkdir -p "$seed" "$1/etc/ssh"
  printf 'instance-id: i-bench\nlocal-hostname: bench\n' >"$seed/meta-data"
  cp "$work/user-data" "$seed/user-data"
  # Making keys takes long and is the same program for both: they are there.
  [ -e "$1/etc/ssh/ssh_host_ed25519_key" ] || ssh-keygen -q -t ed25519 -N '' -f "$1/etc/ssh/ssh_host_ed25519_key"
  cat >"$1/usr/local/sbin/bench-probe" <<'PROBE'
#!/bin/bash
# Leaves three numbers: processor ms, when the first of it started (ms since the kernel did), most resident KiB.
while [ ! -s /run/bench-done ]; do sleep 0.05; done
if [ "$1" = ingot-agent.service ]; then
  cpu=0 peak=0
  for unit in "$1" ingot-setup.service; do # both are there: the setup waits for an address
    pid=$(systemctl show -P MainPID "$unit")
    read -ra stat <"/proc/$pid/stat"
    cpu=$((cpu + (stat[13] + stat[14] + stat[15] + stat[16]) * 10)) # a tick is 10 ms
    peak=$((peak + $(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")))
  done
else
  while [ ! -s /bench-time ]; do sleep 0.05; done # what it was run by writes this at its end
  read -r cpu peak < <(awk '{ printf "%.0f %d\n", ($1 + $2) * 1000, $3 }' /bench-time)
fi
echo "$cpu $(($(systemctl show -P ExecMainStartTimestampMonotonic "$1") / 1000)) $peak" >/bench-units
cp /run/bench-done /bench-done
sync
systemctl poweroff --force
PROBE
  chmod 0755 "$1/usr/local/sbin/bench-probe"
  printf '[Unit]\nAfter=basic.target\n[Service]\nExecStart=/usr/local/sbin/bench-probe %s\n[Install]\nWantedBy=multi-user.target\n' "$2" \
    >"$1/etc/systemd/system/bench-probe.service"
  mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
  # There is no network; cloud-init would wait for it before its second stage, the agent does not.
  ln -sf /dev/null "$1/etc/systemd/system/systemd-networkd-wait-online.service"
  ln -sf ../bench-probe.service "$1/etc/systemd/system/multi-user.target.wants/bench-probe.service"
}

# The cluster's network is one in which the machine has no address: the agent ends with the machine's own part.
mkdir "$work/cluster"
build/bin/ingot cluster init bench --directory "$work/cluster" >/dev/null
sed -i 's/10\.0\.0\./10.99.0./g' "$work/cluster/cluster.yaml"
build/bin/ingot user-data etcd --cluster "$work/cluster/cluster.yaml" >"$work/user-data"
cat >>"$work/user-data" <<'USERDATA'
ssh_deletekeys: false
ssh_genkeytypes: []
manage_etc_hosts: localhost
groups: [ops]
users:
  - default
  - {name: ann, groups: [ops], shell: /bin/bash, sudo: 'ALL=(ALL) NOPASSWD:ALL', ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2PVzS0tJ7Lw6zqrVZg0QyZ4yYyYyYyYyYyYyYyYyYy ann]}
write_files:
  - {path: /etc/bench/one, content: 'one'}
  - {path: /etc/bench/two, content: 'two', owner: 'root:root', permissions: '0600'}
timezone: Europe/Berlin
ntp: {servers: [10.0.0.1]}
bootcmd: ['true']
runcmd:
  - touch /run/bench-ran
  - cut -d' ' -f1 /proc/uptime > /run/bench-done
USERDATA

say "installing cloud-init"
layer cloud-init-root "$work/image"
root=$work/cloud-init-root/root
# shellcheck disable=SC2016 # apt's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)
rm -f "$root"/etc/apt/sources.list.d/*
echo "deb [trusted=yes] $mirror trixie main" >"$root/etc/apt/sources.list"
rm -f "$root/etc/resolv.conf"
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
DEBIAN_FRONTEND=noninteractive chroot "$root" sh -c 'apt-get -qq update && apt-get -qq install -y --no-install-recommends cloud-init time' >"$work/log" 2>&1 ||
  { tail -n 20 "$work/log" >&2; umount "$root/proc" "$root/dev"; exit 1; }
# shellcheck disable=SC2016 # dpkg's own variable
version=$(chroot "$root" dpkg-query -W -f '${Version}' cloud-init)
umount "$root/proc" "$root/dev"
# All stages are one process since 24.3; what it took is said by who started it.
mkdir -p "$root/etc/systemd/system/cloud-init-main.service.d"
printf '[Service]\nNotifyAccess=all\nExecStart=\nExecStart=/usr/bin/time -o /bench-time -f "%%%%U %%%%S %%%%M" /usr/bin/cloud-init --all-stages\n' \
  >"$root/etc/systemd/system/cloud-init-main.service.d/bench.conf"

# boot NAME LOWER UNIT: one boot of a fresh overlay; prints CPU ms, wall ms, peak memory in KiB.
boot() {
  local name=$1 lower=$2 unit=$3 root=$work/$1/root
  layer "$name" "$lower"
  write_seed "$root" "$unit"
  mkdir -p "$cgroup"
  (
    echo $BASHPID >"$cgroup/cgroup.procs"
    exec timeout 120 systemd-nspawn --quiet --register=no --keep-unit --directory="$root" --private-network --machine=bench \
      --resolv-conf=off --timezone=off --link-journal=no --console=pipe -b
  ) </dev/null >"$work/$name.console" 2>&1 || true
  [ -s "$root/bench-units" ] || { tail -n 20 "$work/$name.console" >&2; say "$name did not come to its end"; exit 1; }
  awk -v end="$(cat "$root/bench-done")" '{ printf "%d %.0f %d\n", $1, end * 1000 - $2, $3 }' "$root/bench-units"
  umount "$root"
  rm -rf --one-file-system "${work:?}/$name"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

rows=()
# series LABEL LOWER UNIT
series() {
  local label=$1 number
  : >"$work/series"
  for ((number = 1; number <= boots; number++)); do
    boot "boot-$number" "$2" "$3" | tee -a "$work/series" >&2
  done
  rows+=("$(printf '| %s | %s ms | %s ms | %s MB |' "$label" "$(cut -d' ' -f1 "$work/series" | median)" "$(cut -d' ' -f2 "$work/series" | median)" \
    "$(cut -d' ' -f3 "$work/series" | median | awk '{ printf "%.1f", $1 / 1024 }')")")
}

say "the agent"
series "ingot-agent" "$work/image" ingot-agent.service
say "cloud-init $version"
series "cloud-init $version" "$root" cloud-init-main.service
printf '\n%s, %s processors, medians of %s boots\n' "$(date -u +%F)" "$(nproc)" "$boots"
printf '| | processor | from its start to the last command | most resident memory |\n|---|---|---|---|\n'
printf '%s\n' "${rows[@]}"
