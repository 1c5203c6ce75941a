# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by test_aarch64, behind run.sh: a guest with another processor. Its kernel, its shell and bpftrace are Debian's
# for that machine, fetched from wherever this machine gets its packages; it has no network, and so no sshd.
# shellcheck disable=SC2154,SC2317

# Fetches arm64 packages with all that they need into FOLDER. An apt of its own, so that nothing of the machine's changes:
# it takes its sources, and believes that nothing is installed.
fetch_foreign() {  # FOLDER PACKAGE...
  local folder=$1 apt
  shift
  mkdir -p "$folder"/{lists,cache/archives}/partial
  : > "$folder/status"
  apt=(apt-get -q -y -o "Dir::State::Lists=$folder/lists" -o "Dir::State::status=$folder/status" -o "Dir::Cache=$folder/cache"
    -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= -o Acquire::Languages=none)
  # One dead source of several must not stop us: if it mattered, the next command says so.
  "${apt[@]}" update < /dev/null || true
  "${apt[@]}" --download-only --no-install-recommends install "$@" < /dev/null
}

# Prints the path of an image: vmlinuz, initrd, release.
foreign_image() {
  local entry work root deb packages release module file
  entry=image-aarch64-$(hash_of "$guest_folder"/{lib,image,aarch64}.sh "$guest_folder"/rootfs/* "$guest_folder"/aarch64/*)
  cached "$entry" && return
  work=$(mktemp -d "$guest_cache/making.XXXXXX")
  root=$work/root packages=$work/packages
  if ! fetch_foreign "$packages" linux-image-arm64 bpftrace busybox-static bash > "$work/apt.log" 2>&1; then
    cat "$work/apt.log" >&2
    rm -rf "$work"
    return 1
  fi
  mkdir -p "$root" "$packages/kernel"
  for deb in "$packages"/cache/archives/*.deb; do
    case ${deb##*/} in
      linux-image-[0-9]*) dpkg-deb -x "$deb" "$packages/kernel" ;;
      lib* | zlib1g_* | gcc-*-base_* | bash_* | busybox-static_* | bpftrace_*) dpkg-deb -x "$deb" "$root" ;;
    esac
  done
  release=$(cd "$packages/kernel/lib/modules" && echo *)
  cp "$packages/kernel/boot/vmlinuz-$release" "$work/vmlinuz"
  echo "$release" > "$work/release"
  rm -rf "${root:?}"/{etc,boot,usr/share}
  mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,etc,root,var/log,lib/modules,usr/bin,usr/sbin}
  chmod 1777 "$root/tmp"
  chmod 700 "$root/root"
  echo root:x:0:0:root:/root:/bin/bash > "$root/etc/passwd"
  echo root:x:0: > "$root/etc/group"
  depmod -b "$packages/kernel" "$release"
  for module in virtio_pci virtio_console; do
    modprobe -d "$packages/kernel" -S "$release" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
  done | while read -r file; do
    if [[ ! -e $root/lib/modules/${file##*/} ]]; then
      cp "$file" "$root/lib/modules/"
      echo "${file##*/}" >> "$root/etc/modules.order"
    fi
  done
  for file in "$guest_folder"/rootfs/* "$guest_folder"/aarch64/*; do install -m 755 "$file" "$root/etc/"; done
  mv "$root/etc/init" "$root/init"
  mv "$root/etc/fault" "$root/usr/bin/fault"
  chmod 644 "$root/etc/inittab"
  archive "$root" | zstd -q -3 -T0 > "$work/initrd"
  rm -rf "$root" "$packages" "$work/apt.log"
  chmod 755 "$work"
  keep "$work" "$entry"
}

# Boots IMAGE as GUEST, with AGENT, which serves its port 0. Its port `shell` is free for serve_shell.
start_foreign() {  # GUEST IMAGE AGENT
  local guest=$scratch/$1 image=$2 root
  mkdir -p "$guest"
  echo "$image" > "$guest/image"
  now > "$guest/started"
  root=$guest/root
  install -D -m 755 "$3" "$root/usr/bin/stapsh"
  # Unpacked here: the emulated processor would take ten times as long.
  { zstd -dqc "$image/initrd" && archive "$root"; } > "$guest/initrd"
  rm -rf "$root"
  mkfifo "$guest"/commands.{in,out}
  setsid qemu-system-aarch64 -name "$1" -machine virt -accel tcg,thread=multi -cpu cortex-a72 -smp 2 -m 1024 \
    -kernel "$image/vmlinuz" -initrd "$guest/initrd" -append "console=ttyAMA0 quiet panic=-1 mitigations=off" \
    -nodefaults -no-user-config -display none -no-reboot -serial "file:$guest/console.log" \
    -device virtio-serial-pci,id=vser0 \
    -chardev "socket,id=ch0,path=$guest/port0,server=on,wait=off" \
    -device virtserialport,bus=vser0.0,nr=1,chardev=ch0,name=org.systemtap.stapsh.0 \
    -chardev "pipe,id=ch1,path=$guest/commands" \
    -device virtserialport,bus=vser0.0,nr=2,chardev=ch1,name=org.systemtap.commands.0 \
    -chardev "socket,id=ch2,path=$guest/shell,server=on,wait=off" \
    -device virtserialport,bus=vser0.0,nr=3,chardev=ch2,name=org.systemtap.shell.0 \
    < /dev/null > "$guest/qemu.err" 2>&1 &
  echo $! > "$guest/pid"
  guests+=("$guest")
  own+=("$guest")
}

await_foreign() {  # GUEST
  local guest=$scratch/$1
  ready_or_ended() { has_line "$guest/console.log" '^GUEST-READY' || ended "$(< "$guest/pid")"; }
  quietly until_true 180 ready_or_ended
  has_line "$guest/console.log" '^GUEST-READY' || die "not up: $(< "$guest/qemu.err") $(tail -n 5 "$guest/console.log")"
  rm "$guest/initrd"
  note "$1: kernel $(< "$(< "$guest/image")/release"), up after $(since "$(< "$guest/started")") s, qemu has $(resident "$(< "$guest/pid")") MiB"
}

# What the emulation has cost, in seconds of a processor.
spent_by() {  # GUEST
  awk -v hertz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) / hertz) }' "/proc/$(< "$scratch/$1/pid")/stat"
}
# Has the guest do something; it says on its console what comes of it.
tell_foreign() {  # GUEST COMMAND...
  printf '%s\n' "${*:2}" > "$scratch/$1/commands.in"
}
# From now on each who connects to its port `shell` has a shell there, and no agent of ours is in its usual place. The
# port stays open between two shells: what a client says while the last shell ends would be thrown away with its close.
serve_shell() {  # GUEST
  # shellcheck disable=SC2016  # The guest's shell expands it.
  tell_foreign "$1" 'rm /usr/bin/stapsh; p=/dev/virtio-ports/org.systemtap.shell.0
    while usleep 100000; do sh <&3 >&3 2> /dev/null 3<&-; done 3<> $p & echo SHELL-READY'
  quietly says_within "$scratch/$1/console.log" '^SHELL-READY' 30 || die "no shell at its port"
}
# All that stapsh could have left in a file, wherever it may write, in one line.
files_of_stapsh() {  # GUEST
  local console=$scratch/$1/console.log looks
  looks=$(($(grep -c '^FILES' "$console") + 1))
  tell_foreign "$1" "echo FILES $looks \$(find / /dev/shm /run /tmp -xdev -path /proc -prune -o -name '*stapsh*' -print | sort -u)."
  quietly says_within "$console" "^FILES $looks .*[.]" 60 || echo "the guest does not say look $looks"
  sed -n "s/^FILES $looks //p" "$console" | tr -d '\r'
}
