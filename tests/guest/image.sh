# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# guest_image makes (or finds) an image: vmlinuz, initrd, ssh keys, bin/ssh. Our own programs change too often to be a
# part of it: put_ours makes a second archive of them, for behind the first. Needs no root.
# shellcheck disable=SC1091,SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Copies SOURCE into ROOT at TARGET, with the shared libraries it needs at their own paths.
put() {  # ROOT SOURCE [TARGET]
  local root=$1 source target=${3:-$2} library
  source=$(readlink -f "$2")
  [[ -e $source ]] || die "no such file: $2"
  mkdir -p "$root$(dirname "$target")"
  cp -L --preserve=mode "$source" "$root$target"
  [[ $(head -c 4 "$source" | tr -d '\0') == $'\x7fELF' ]] || return 0
  for library in $(ldd "$source" 2> /dev/null | grep -oE '/[^ ]+'); do
    if [[ ! -e $root$library ]]; then
      mkdir -p "$root$(dirname "$library")"
      cp -L --preserve=mode "$library" "$root$library"
    fi
  done
}

first_of() {
  local file
  for file; do
    if [[ -e $file ]]; then echo "$file" && return; fi
  done
  die "none of these is installed: $*"
}

# Takes the ELF kernel out of a bzImage (fields 0x1f1, 0x248 and 0x24c of the boot protocol). Booted through its PVH
# entry it spares the emulated processor the unpacking: half of the boot time. Fails where the payload is something else.
extract_kernel() {  # BZIMAGE TARGET
  local sectors offset size magic
  sectors=$(od -An -tu1 -j 497 -N1 "$1" | tr -d ' ')
  offset=$(od -An -tu4 -j 584 -N4 "$1" | tr -d ' ')
  size=$(od -An -tu4 -j 588 -N4 "$1" | tr -d ' ')
  tail -c +$(((sectors + 1) * 512 + offset + 1)) "$1" | head -c "$size" > "$2.packed"
  magic=$(od -An -tx1 -N4 "$2.packed" | tr -d ' ')
  # A size follows the packed bytes, which the unpackers complain about: what matters is what came out.
  case $magic in
    fd377a58) xz -dc < "$2.packed" > "$2" 2> /dev/null || true ;;
    28b52ffd) zstd -qdc < "$2.packed" > "$2" 2> /dev/null || true ;;
    1f8b*) gzip -dc < "$2.packed" > "$2" 2> /dev/null || true ;;
    *) rm -f "$2.packed" && return 1 ;;
  esac
  rm -f "$2.packed"
  [[ $(head -c 4 "$2" | tr -d '\0') == $'\x7fELF' ]]
}

# Archives ROOT for an initrd; the kernel takes several, one behind the other.
archive() { (cd "$1" && find . -mindepth 1 -print0 | sort -z | cpio --null -o -H newc -R 0:0 --quiet); }

# Kernel modules that the guest loads, in order, with what they depend on.
put_kernel_modules() {  # ROOT RELEASE
  local module file
  mkdir -p "$1/lib/modules"
  for module in virtio_pci virtio_mmio virtio_net virtio_console vmw_vsock_virtio_transport vsock_loopback; do
    PATH=$PATH:/usr/sbin:/sbin modprobe -S "$2" --show-depends "$module" 2> /dev/null |
      awk '$1 == "insmod" { print $2 }' | while read -r file; do
      if [[ ! -e $1/lib/modules/${file##*/} ]]; then
        cp "$file" "$1/lib/modules/"
        echo "${file##*/}" >> "$1/etc/modules.order"
      fi
    done
  done
  [[ -e $1/lib/modules/virtio_console.ko ]] || die "no virtio modules of $2 (no modules.dep? depmod $2)"
}

put_users() {  # ROOT KEYS
  cat > "$1/etc/passwd" << 'TEXT'
root:x:0:0:root:/root:/bin/bash
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
released:x:0:0:released:/home/released:/bin/bash
user:x:1000:1000::/home/user:/bin/bash
dev:x:1001:1001::/home/dev:/bin/bash
nobody1:x:1002:1002::/tmp:/bin/bash
TEXT
  sed -E 's/^([^:]*):.*/\1:*:1::::::/' "$1/etc/passwd" > "$1/etc/shadow"
  chmod 600 "$1/etc/shadow"
  printf '%s\n' root:x:0: nogroup:x:65534: stapdev:x:105:dev stapusr:x:106:user,dev stapsys:x:107: user:x:1000: \
    dev:x:1001: nobody1:x:1002: > "$1/etc/group"
  printf '%s: files\n' passwd group shadow hosts > "$1/etc/nsswitch.conf"
  echo '127.0.0.1 localhost guest' > "$1/etc/hosts"
  local library
  for library in libnss_files.so.2 libnss_compat.so.2; do
    put "$1" "$(first_of {/usr,}/lib/x86_64-linux-gnu/$library)"
  done
  mkdir -p "$1/etc/ssh"
  install -m 600 "$2/host_key" "$1/etc/ssh/host_key"
  install -m 644 "$2/id_ed25519.pub" "$1/etc/ssh/authorized_keys"
  cat > "$1/etc/ssh/sshd_config" << 'TEXT'
HostKey /etc/ssh/host_key
AuthorizedKeysFile /etc/ssh/authorized_keys
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
StrictModes no
MaxStartups 100
TEXT
}

put_client_side() {  # IMAGE (where it will be) FOLDER (where it is being made)
  cat > "$2/ssh_config" << TEXT
Host *
  IdentityFile "$1/id_ed25519"
  IdentitiesOnly yes
  UserKnownHostsFile "$1/known_hosts"
  HostKeyAlias guest
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
TEXT
  echo "guest $(cut -d ' ' -f 1,2 "$2/host_key.pub")" > "$2/known_hosts"
  mkdir -p "$2/bin"
  printf '#!/bin/sh\nexec %s -F "%s" "$@"\n' "$(type -P ssh)" "$1/ssh_config" > "$2/bin/ssh"
  chmod 755 "$2/bin/ssh"
}

# Prints the path of an image with this kernel.
guest_image() {  # [RELEASE]
  local release=${1:-$(guest_kernel)} entry work root file stapio released
  stapio=$(first_of /usr/lib/systemtap/stapio /usr/libexec/systemtap/stapio)
  released=$(first_of /usr/{lib,libexec}/systemtap/stapsh)
  local inputs=("/boot/vmlinuz-$release" "/lib/modules/$release/modules.dep" "$released" "$stapio" /usr/bin/staprun
    /usr/bin/stapbpf /usr/sbin/sshd /bin/bash "$guest_folder"/{lib,image}.sh "$guest_folder"/rootfs/*)
  entry=image-$release-$(hash_of "${inputs[@]}")
  cached "$entry" && return
  work=$(mktemp -d "$guest_cache/making.XXXXXX")
  root=$work/root
  mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,etc,root,home/user,home/dev,home/released,var/empty,var/log,usr/bin,usr/sbin}
  chmod 1777 "$root/tmp"
  chmod 700 "$root/root"
  put "$root" "$(first_of /bin/busybox /usr/bin/busybox)" /bin/busybox
  put "$root" /bin/bash /bin/bash
  put "$root" /usr/sbin/sshd
  put "$root" /usr/bin/staprun
  put "$root" "$stapio"
  put "$root" "$released" /usr/lib/systemtap/stapsh
  put "$root" /usr/bin/stapbpf
  # Root by another name, who finds the released agent first in PATH: as a released client does there.
  # shellcheck disable=SC2016
  echo 'PATH=/usr/lib/systemtap:$PATH' > "$root/home/released/.bashrc"
  put_kernel_modules "$root" "$release"
  ssh-keygen -q -t ed25519 -N '' -C guest -f "$work/host_key"
  ssh-keygen -q -t ed25519 -N '' -C test -f "$work/id_ed25519"
  put_users "$root" "$work"
  put_client_side "$guest_cache/$entry" "$work"
  for file in "$guest_folder"/rootfs/*; do install -m 755 "$file" "$root/etc/"; done
  mv "$root/etc/init" "$root/init"
  mv "$root/etc/fault" "$root/usr/bin/fault"
  chmod 644 "$root/etc/inittab"
  archive "$root" | zstd -q -3 -T0 > "$work/initrd"
  rm -rf "$root"
  extract_kernel "/boot/vmlinuz-$release" "$work/vmlinuz" || cp "/boot/vmlinuz-$release" "$work/vmlinuz"
  echo "$release" > "$work/release"
  chmod 755 "$work"
  keep "$work" "$entry"
}

# Makes FILE: our agent, and our client for targets that only the guest has.
put_ours() {  # FILE
  local root
  root=$(mktemp -d "$1.XXXXXX")
  put "$root" "$agent" /usr/bin/stapsh
  put "$root" "$rstap" /usr/bin/rstap
  strip "$root"/usr/bin/{stapsh,rstap}
  chmod 755 "$root"/usr/bin/{stapsh,rstap}
  archive "$root" | zstd -q -3 -T0 > "$1"
  rm -rf "$root"
}
