#!/usr/bin/env bash
# `./dev bench build`: our three role images beside mmdebstrap's three tars and one disk image of mkosi, in one run, from
# the same packages on this machine's own disk. Prints a table; keeps nothing but what it prints.
# shellcheck disable=SC2119,SC2120 # functions that hand arguments on, if any
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly roles=(db etcd proxy)
readonly formats=(--format raw)
readonly ingot=build/bin/ingot
cache=${INGOT_CACHE:-/var/cache/ingot}
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" ingot-bench-XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT

say() { printf '%s\n' "bench: $*" >&2; }

rows=()
# measure NAME COMMAND...: one row of the table; the log of a command that fails is shown.
measure() {
  local name=$1 TIMEFORMAT='%R %U %S' took
  shift
  say "$name"
  sync
  took=$({ time "$@" >"$work/log" 2>&1; } 2>&1) || { tail -n 30 "$work/log" >&2; say "$name failed"; exit 1; }
  # shellcheck disable=SC2086 # three numbers
  rows+=("$(awk -v name="$name" '{printf "%-64s %8.1f s %8.1f s", name, $1, $2 + $3}' <<<"$took")")
  printf '%s\n' "${rows[-1]}" >&2
}

# What a role's manifest lists, as names; our own package is not in any archive.
packages_of() { jq -r '[.packages[].name | select(. != "ingot-agent")] | join(",")' "$work/images/$1/manifest.json"; }

build() { "$ingot" build "${roles[@]}" --cache "$cache" --output "$work/images" "${formats[@]}" "$@"; }

# A repository of exactly the packages that our images have: mmdebstrap has no mirror to wait for.
make_repository() {
  mkdir -p "$work/repository"
  local role sha name
  for role in "${roles[@]}"; do
    jq -r '.packages[] | select(.name != "ingot-agent") | "\(.sha256) \(.name)_\(.architecture).deb"' "$work/images/$role/manifest.json"
  done | sort -u | while read -r sha name; do
    ln "$cache/packages/${sha:0:2}/$sha.deb" "$work/repository/$name" 2>/dev/null ||
      cp "$cache/packages/${sha:0:2}/$sha.deb" "$work/repository/$name"
  done
  (cd "$work/repository" && apt-ftparchive packages . >Packages && apt-ftparchive release . >Release)
  chmod -R a+rX "$work"
}

debootstrap_three() {
  local role
  for role in "${roles[@]}"; do
    mmdebstrap --mode=root --variant=essential --include="$(packages_of "$role")" --aptopt='APT::Install-Recommends "false"' \
      '' "$work/$role.tar" "deb [trusted=yes] copy://$work/repository ./"
  done
}

# mkosi of trixie, in a root of its own: Debian 12 has an older one.
make_mkosi_root() {
  local mirror
  # shellcheck disable=SC2016 # apt's own variable
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)
  mmdebstrap --mode=root --variant=apt --include=mkosi,systemd-repart,systemd-boot,systemd-ukify,dosfstools,e2fsprogs,mtools,cpio,zstd,kmod,udev,squashfs-tools,debian-archive-keyring,ca-certificates \
    trixie "$work/mkosi" "$mirror"
  cp /etc/resolv.conf "$work/mkosi/etc/resolv.conf" 2>/dev/null || true
  mkdir -p "$work/mkosi/image/cache"
  # By itself mkosi asks for sources, debug symbols and translations as well, which not every mirror has.
  mkdir -p "$work/mkosi/image/mkosi.sandbox/etc/apt/sources.list.d"
  cat >"$work/mkosi/image/mkosi.sandbox/etc/apt/sources.list.d/mkosi.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  cat >"$work/mkosi/image/mkosi.conf" <<CONF
[Distribution]
Distribution=debian
Release=trixie
Mirror=$mirror

[Output]
Format=disk
Output=db

[Build]
PackageCacheDirectory=cache

[Content]
Bootable=yes
Bootloader=systemd-boot
WithDocs=no
Packages=$(packages_of db),systemd-boot
CONF
}

mkosi() {
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --pid --fork --kill-child sh -euc '
    mount --make-rprivate /
    mount --bind "$1" "$1"
    mount -t proc proc "$1/proc"
    mount --rbind /sys "$1/sys"
    mount --rbind /dev "$1/dev"
    shift
    exec chroot "$0" sh -euc "cd /image && exec mkosi \"\$@\"" mkosi "$@"' "$work/mkosi" "$work/mkosi" --force "$@" build
}

say "filling the package cache"
build >/dev/null
make_repository
measure "ingot: three bootable images, nothing but packages cached" build --no-layer-cache
measure "ingot: unchanged" build
cp -a overlays "$work/overlays"
install -m 0644 /dev/null "$work/overlays/base/etc/ingot-bench"
measure "ingot: one overlay file of all three changed" build --overlays "$work/overlays"
measure "mmdebstrap: three tars of the same packages" debootstrap_three
if [ "${1:-}" != --without-mkosi ]; then
  say "preparing mkosi"
  make_mkosi_root >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
  mkosi >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
  measure "mkosi $(chroot "$work/mkosi" mkosi --version | awk '{print $2}'): one disk image (db), its package cache full" mkosi --cache-only=always
fi
printf '\n%-64s %10s %10s\n' "$(date -u +%F), $(nproc) processors, $(awk '/MemTotal/{printf "%.0f GiB", $2/1048576}' /proc/meminfo)" wall CPU
printf '%s\n' "${rows[@]}"
