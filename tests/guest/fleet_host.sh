# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A guest with systemd as a host of a fleet, and the broker beside it: what stapsh-link needs that its package depends on,
# nats-server, and a journal to look into.
# shellcheck disable=SC1091,SC2154
. "$(dirname "${BASH_SOURCE[0]}")/image.sh"

need_fleet_host() {
  local file
  for file in /usr/sbin/nats-server /usr/lib/systemd/systemd-journald /usr/bin/journalctl; do
    [[ -x $file ]] || skip "$file is not installed: scripts/install-deps guest test"
  done
}

library() { first_of /usr/lib/x86_64-linux-gnu/"$1" /lib/x86_64-linux-gnu/"$1"; }

# Prints the path of a folder with the archive.
fleet_host_folder() {
  local entry work root file
  entry=fleet-host-$(hash_of /usr/sbin/nats-server /usr/lib/systemd/systemd-journald "$guest_folder"/{lib,image,fleet_host}.sh)
  cached "$entry" && return
  work=$(mktemp -d "$guest_cache/making.XXXXXX")
  root=$work/root
  put "$root" /usr/sbin/nats-server
  put "$root" /usr/bin/journalctl
  put "$root" /usr/lib/systemd/systemd-journald
  for file in libnats.so.3.4 libcrypto.so.3; do put "$root" "$(library "$file")" "/usr/lib/x86_64-linux-gnu/$file"; done
  mkdir -p "$root"/usr/lib/systemd/system/sockets.target.wants "$root/etc/systemd/system"
  for file in systemd-journald.{service,socket} systemd-journald-dev-log.socket; do
    cp "/usr/lib/systemd/system/$file" "$root/usr/lib/systemd/system/"
  done
  for file in systemd-journald.socket systemd-journald-dev-log.socket; do
    ln -s "../$file" "$root/usr/lib/systemd/system/sockets.target.wants/"
  done
  cat > "$root/etc/systemd/system/nats-server.service" << 'TEXT'
[Service]
ExecStart=/usr/sbin/nats-server -c /etc/nats/nats-server.conf
TEXT
  archive "$root" | zstd -q -3 -T0 > "$work/archive"
  rm -rf "$root"
  chmod 755 "$work"
  keep "$work" "$entry"
}

copy_to() { in_guest "$1" "umask 077 && cat > $3" < "$2"; } # GUEST FILE THERE

# Makes the site `guest` with the host web01 and the client ann, and starts its broker in the GUEST, where this machine
# reaches it: $broker. Gives the guest the host's key and configuration in /etc/stapsh, but no policy.
start_fleet_host() { # GUEST
  local guest=$1 site=$scratch/site try port
  {
    "$rstap" fleet init guest --no-tls --listen 0.0.0.0:4222 -f "$site" &&
      "$rstap" fleet enroll web01 -f "$site" && "$rstap" fleet client ann -f "$site"
  } > "$scratch/fleet" 2>&1 || die "rstap fleet: $(< "$scratch/fleet")"
  in_guest "$guest" "chmod 755 / /etc && mkdir -p /etc/nats /etc/stapsh $site"
  copy_to "$guest" "$site/nats-server.conf" /etc/nats/nats-server.conf
  copy_to "$guest" "$site/users.conf" /etc/nats/users.conf
  copy_to "$guest" "$site/hosts/web01/link.toml" /etc/stapsh/link.toml
  copy_to "$guest" "$site/hosts/web01/link.seed" /etc/stapsh/link.seed
  in_guest "$guest" systemctl start nats-server
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    monitor "$guest" "hostfwd_add n0 tcp:127.0.0.1:$port-:4222"
    grep -q 'could not set up' "$scratch/$guest/monitor.log" || break
    ((try < 5)) || die "no port for the broker: $(< "$scratch/$guest/monitor.log")"
  done
  broker=nats://127.0.0.1:$port
  RSTAP_OPTIONS+=" --nats=guest.servers=$broker --nats=guest.tls=false --nats=guest.client=ann"
  RSTAP_OPTIONS+=" --nats=guest.nkey=$site/clients/ann/client.seed"
}
