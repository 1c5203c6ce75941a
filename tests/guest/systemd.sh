# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A guest whose first process is systemd, with udev, as they are installed here: two archives for behind the image.
# shellcheck disable=SC1091,SC2154
. "$(dirname "${BASH_SOURCE[0]}")/image.sh"

need_systemd() {
  local file
  for file in /usr/lib/systemd/systemd /usr/bin/udevadm /usr/bin/systemctl; do
    [[ -x $file ]] || skip "$file is not installed: scripts/install-deps guest"
  done
}

# Prints the path of a folder with the archive. /init sees that systemd is there.
systemd_folder() {
  local entry work root file inputs
  inputs=(/usr/lib/systemd/systemd /usr/bin/udevadm "$guest_folder"/{lib,image,systemd}.sh "$guest_folder"/systemd/*)
  entry=systemd-$(hash_of "${inputs[@]}")
  cached "$entry" && return
  work=$(mktemp -d "$guest_cache/making.XXXXXX")
  root=$work/root
  mkdir -p "$root"/{lib,usr/lib/systemd/system,usr/lib/udev/rules.d,etc/systemd/system,var/lib,var/tmp}
  # Where / and /usr are one, either path may be in a unit.
  for file in systemd udev; do ln -s "../usr/lib/$file" "$root/lib/$file"; done
  put "$root" /usr/lib/systemd/systemd
  for file in /usr/lib/systemd/systemd-executor /usr/lib/systemd/systemd-shutdown; do
    if [[ -e $file ]]; then put "$root" "$file"; fi
  done
  put "$root" /usr/bin/udevadm
  ln -s ../../bin/udevadm "$root/usr/lib/systemd/systemd-udevd"
  put "$root" /usr/bin/systemctl
  put "$root" /usr/bin/systemd-analyze
  put "$root" "$(first_of /usr/sbin/modprobe /sbin/modprobe)" /sbin/modprobe
  for file in /usr/lib/systemd/system/{*.target,*.slice,systemd-udev*,sys-kernel-{debug,tracing}.mount}; do
    [[ ! -e $file ]] || cp -R "$file" "$root/usr/lib/systemd/system/"
  done
  mkdir -p "$root/usr/lib/systemd/system/sysinit.target.wants"
  for file in systemd-udevd systemd-udev-trigger; do
    ln -s "../$file.service" "$root/usr/lib/systemd/system/sysinit.target.wants/"
  done
  cp /usr/lib/udev/rules.d/{50-udev-default,99-systemd}.rules "$root/usr/lib/udev/rules.d/"
  cp "$guest_folder"/systemd/*.service "$root/etc/systemd/system/"
  mkdir "$root/etc/systemd/system/multi-user.target.wants"
  for file in "$guest_folder"/systemd/*.service; do
    ln -s "../${file##*/}" "$root/etc/systemd/system/multi-user.target.wants/"
  done
  ln -s /usr/lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
  printf '[Manager]\nLogTarget=kmsg\n' > "$root/etc/systemd/system.conf"  # There is no journal.
  printf '%032d\n' 1 > "$root/etc/machine-id"
  echo 'ID=guest' > "$root/etc/os-release"
  archive "$root" | zstd -q -3 -T0 > "$work/archive"
  rm -rf "$root"
  chmod 755 "$work"
  keep "$work" "$entry"
}

# Makes FILE: what a package of ours installs.
put_package() {  # FILE
  local root
  root=$(mktemp -d "$1.XXXXXX")
  DESTDIR=$root cmake --install "$(dirname "$(dirname "$agent")")" --prefix /usr --strip > "$1.log" 2>&1 || {
    tail -n 20 "$1.log" >&2
    die "cmake --install has failed: is all of $(dirname "$(dirname "$agent")") built?"
  }
  rm -rf "${root:?}"/usr/{share,lib/rstap}
  archive "$root" | zstd -q -3 -T0 > "$1"
  rm -rf "$root"
}
