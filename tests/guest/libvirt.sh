# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by test_libvirt: a libvirt daemon of the test's own, and domains of type qemu in it. It needs no systemd, dbus,
# polkit or virtlogd. Root's daemon would be the system's: for root it runs as nobody. All of it is in $lv.
# shellcheck disable=SC1091,SC2034,SC2154
. "$(dirname "${BASH_SOURCE[0]}")/run.sh"
lv=$scratch/lv
libvirt_uri="qemu+unix:///session?socket=$lv/run/libvirt/libvirt-sock"
trap 'stop_libvirt; stop_guests; rm -rf "$scratch"' EXIT

need_libvirt() {
  local tool
  for tool in libvirtd virsh; do
    PATH=$PATH:/usr/sbin:/sbin type -P "$tool" > /dev/null || skip "$tool is not installed: scripts/install-deps guest"
  done
}

as_daemon() {
  local user=()
  if ((EUID == 0)); then user=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
  exec setsid "${user[@]}" env -i PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C HOME="$lv" XDG_RUNTIME_DIR="$lv/run" \
    XDG_CONFIG_HOME="$lv/config" XDG_CACHE_HOME="$lv/cache" XDG_DATA_HOME="$lv/data" "$@"
}
virsh() { command virsh -q -c "$libvirt_uri" "$@"; }

# Also to start it again, after $daemon was killed.
start_libvirt() {
  mkdir -p "$lv"/{run,config/libvirt,cache,data}
  printf '%s\n' 'stdio_handler = "file"' 'security_driver = "none"' 'cgroup_controllers = []' 'namespaces = []' \
    > "$lv/config/libvirt/qemu.conf"
  printf '%s\n' 'auth_unix_rw = "none"' 'auth_unix_ro = "none"' "log_outputs = \"2:file:$lv/log\"" > "$lv/libvirtd.conf"
  if ((EUID == 0)); then
    chmod 755 "$scratch"
    chown -R 65534:65534 "$lv"
  fi
  (as_daemon libvirtd -f "$lv/libvirtd.conf" -p "$lv/libvirtd.pid") < /dev/null > "$lv/out" 2>&1 &
  daemon=$!
  # shellcheck disable=SC2317
  answers() { virsh version > /dev/null 2>&1 || ended "$daemon"; }
  quietly until_true 30 answers
  ended "$daemon" && die "libvirtd: $(tail -n 3 "$lv/out" "$lv/log")"
  return 0
}

# Domains that the test forgot are ended by their pids; the daemon comes first, so that it starts nothing.
stop_libvirt() {
  local file pid
  if [[ -n ${daemon:-} ]]; then
    kill "$daemon" 2> /dev/null
    ends_within "$daemon" 5 > /dev/null || kill -KILL "$daemon"
  fi
  for file in "$lv"/run/libvirt/qemu/run/*.pid; do
    [[ -e $file ]] || continue
    pid=$(< "$file")
    grep -qas "$lv" "/proc/$pid/cmdline" || continue
    kill -KILL "$pid"
    ends_within "$pid" 5 > /dev/null
  done
}

# A domain's XML. DEVICES: more of them.
domain_xml() {  # NAME IMAGE DEVICES
  cat << TEXT
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$lv/$2/vmlinuz</kernel>
    <initrd>$lv/$2/initrd</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on tsc=reliable no_timer_check</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'>
    <model fallback='allow'>qemu64</model>
    <feature policy='require' name='rdrand'/>
    <feature policy='require' name='ssse3'/>
    <feature policy='require' name='sse4.1'/>
    <feature policy='require' name='sse4.2'/>
  </cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <serial type='file'><source path='$lv/$1.console'/><target port='0'/></serial>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    $3
  </devices>
</domain>
TEXT
}

# Where the daemon's user can read it, with our programs.
put_image() {  # IMAGE NAME
  mkdir -p "$lv/$2"
  put_ours "$scratch/ours"
  cp "$1/vmlinuz" "$lv/$2/"
  cat "$1/initrd" "$scratch/ours" > "$lv/$2/initrd"
  chmod 755 "$lv/$2"
  chmod 644 "$lv/$2"/*
}

# Defines NAME and starts it, with these words of virsh's; its console is where state() looks.
start_domain() {  # NAME IMAGE DEVICES [WORD...]
  local name=$1
  domain_xml "$1" "$2" "$3" > "$scratch/$name.xml"
  shift 3
  virsh define "$scratch/$name.xml" || die "domain $name: $(tail -n 3 "$lv/log")"
  virsh start "$name" "$@" || die "domain $name: $(tail -n 3 "$lv/log")"
  mkdir -p "$scratch/$name"
  ln -sf "$lv/$name.console" "$scratch/$name/console.log"
}

port_names() { virsh dumpxml "$1" | grep -oE "org\.systemtap\.stapsh\.[0-9]+'" | tr -d "'" | sort -u | tr '\n' ' '; }
ports_are() { [[ $(port_names "$1") == "$2" ]]; }
port_path() { virsh dumpxml "$1" | grep -oE "path='[^']*$2'" | cut -d "'" -f 2; }
