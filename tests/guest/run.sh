# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests: their guests, and what these say. A guest is a folder: pid file, ssh port, sockets of its
# virtio-serial ports, monitor, console log. A test takes one that boot_guests has left if that is clean, and boots one of
# its own otherwise, which ends with the test. Who is not taken is paused: idle guests, too, want a processor.
# shellcheck disable=SC1091,SC2034,SC2154
. "$(dirname "${BASH_SOURCE[0]}")/image.sh"
scratch=$(mktemp -d /tmp/sg.XXXXXX)  # Short: the path of a socket has 107 characters at most.
guests=()  # Of this test; it boots some of them
own=()     # itself.
shared=()  # These go on for as long as it has them.
further_archives=()  # What the guests that it boots have beside the image.
trap 'stop_guests; pause_guests; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

stop_guests() {
  local guest pid
  for guest in "${own[@]}"; do
    pid=$(< "$guest/pid")
    grep -qas qemu "/proc/$pid/cmdline" || continue
    kill -CONT "$pid"
    kill "$pid"
    ends_within "$pid" 5 > /dev/null || kill -KILL "$pid"
  done
}

pause_guests() {
  local guest
  for guest in "${shared[@]}"; do monitor "$guest" stop; done
}

# Takes the running guest of that name, or boots one, with kernel number KERNEL (0 is the first).
take_guest() {  # GUEST [KERNEL]
  local booted=${STAPSH_GUESTS:+$(cat "$STAPSH_GUESTS" 2> /dev/null)}/$1 releases
  if [[ -e $booted/pid ]] && ! ended "$(< "$booted/pid")"; then
    ln -s "$booted" "$scratch/$1"
    monitor "$1" cont
    shared+=("$1")
    # Its clock stood still.
    if quietly state_within "$1" "^$clean_state" 10 && quietly until_true 10 in_guest "$1" date -s "@$EPOCHSECONDS"; then
      guests+=("$scratch/$1")
      use_image "$(< "$booted/image")"
      note "$1: kernel $(< "$image/release"), booted already, qemu has $(resident "$(< "$booted/pid")") MiB"
      return
    fi
    note "$1 is not clean, another one is booted: $(state "$1")"
    monitor "$1" stop
    unset 'shared[-1]'
    rm "$scratch/$1"
  fi
  mapfile -t releases < <(guest_kernels)
  image=$(guest_image "${releases[${2:-0}]:-${releases[0]}}") || die "no image"
  use_image "$image"
  start_guest "$1" "$image"
  await_guest "$1"
}

# Boots IMAGE as GUEST (a name), with two virtio-serial ports for our agent and one for the released one.
start_guest() {  # GUEST IMAGE [QEMU WORD...]
  local guest=$scratch/$1 image=$2 port try i pid
  shift 2
  [[ -e $scratch/ours ]] || put_ours "$scratch/ours"
  local archives=("$image/initrd" "${further_archives[@]}" "$scratch/ours")
  mkdir -p "$guest"
  echo "$image" > "$guest/image"
  now > "$guest/started"
  cat "${archives[@]}" > "$guest/initrd"
  # shellcheck disable=SC2054
  local ports=(-device virtio-serial-pci,id=vser0)
  for i in 0 1; do
    ports+=(-chardev "socket,id=ch$i,path=$guest/port$i,server=on,wait=off"
      -device "virtserialport,bus=vser0.0,nr=$((i + 1)),chardev=ch$i,id=vp$i,name=org.systemtap.stapsh.$i")
  done
  ports+=(-chardev "socket,id=chr,path=$guest/released,server=on,wait=off"
    -device "virtserialport,bus=vser0.0,nr=30,chardev=chr,id=vpr,name=org.systemtap.released.0")
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    rm -f "$guest/qemu.pid"
    # Not -daemonize: what it says when it ends would be lost.
    setsid qemu-system-x86_64 -name "$(basename "$guest")" -machine q35 -accel tcg,thread=multi,tb-size=64 \
      -cpu qemu64,+rdrand,+ssse3,+sse4.1,+sse4.2 -smp 1 -m "${MEMORY:-192}" \
      -kernel "$image/vmlinuz" -initrd "$guest/initrd" \
      -append "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on tsc=reliable no_timer_check" \
      -nodefaults -no-user-config -display none -no-reboot -serial "file:$guest/console.log" \
      -monitor "unix:$guest/monitor,server=on,wait=off" \
      -netdev "user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:$port-:22" \
      -device virtio-net-pci,netdev=n0,id=net0,romfile= "${ports[@]}" "$@" \
      -pidfile "$guest/qemu.pid" < /dev/null > "$guest/qemu.err" 2>&1 &
    pid=$!
    # shellcheck disable=SC2317
    qemu_settled() { [[ -s $guest/qemu.pid && -S $guest/monitor ]] || ended "$pid"; }
    quietly until_true 20 qemu_settled
    ended "$pid" || break
    grep -q 'host forwarding' "$guest/qemu.err" || die "qemu: $(< "$guest/qemu.err")"
  done
  ended "$pid" && die "qemu did not start after $try tries"
  echo "$pid" > "$guest/pid"  # qemu removes its own file when it ends.
  echo "$port" > "$guest/ssh-port"
  guests+=("$guest")
  own+=("$guest")
}

# Until it can be logged in to.
await_guest() {  # GUEST
  local guest=$scratch/$1 pid started stalled
  pid=$(< "$guest/pid")
  started=$(< "$guest/started")
  stalled=$(stalled)
  until quietly in_guest "$1" true 2> /dev/null; do
    ended "$pid" && die "qemu ended while booting: $(< "$guest/qemu.err") $(tail -n 5 "$guest/console.log")"
    over "$started" 180 "$stalled" && die "not up in time: $(tail -n 5 "$guest/console.log")"
    sleep 0.1
  done
  rm "$guest/initrd"
  note "$1: kernel $(< "$(< "$guest/image")/release"), up after $(since "$started") s, qemu has $(resident "$pid") MiB"
}

resident() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$1/status"; }
# Whether it is over MOST seconds since START, when `stalled` said STALLED. Of a time in which something waited for a
# processor a quarter counts: bounds grow with whatever else the machine does, up to four times.
over() {  # START MOST STALLED
  awk -v a="$1" -v b="$EPOCHREALTIME" -v most="$2" -v stalled="$(($(stalled) - $3))" \
    'BEGIN { exit !(b - a - 0.75 * stalled / 1e6 > most) }'
}
# Microseconds since boot in which something waited for a processor, as the kernel measures them; 0 where it does not.
stalled() {
  local word last=0
  read -r -a word < /proc/pressure/cpu 2> /dev/null && last=${word[-1]#total=}
  echo "$last"
}
in_guest() {  # GUEST COMMAND...
  local guest=$scratch/$1
  shift
  "$(< "$guest/image")/bin/ssh" -o ConnectTimeout=10 -p "$(< "$guest/ssh-port")" root@127.0.0.1 "$@"
}
monitor() {  # GUEST COMMAND...
  local guest=$scratch/$1
  shift
  printf '%s\n' "$*" | socat -t 1 - "UNIX-CONNECT:$guest/monitor" > "$guest/monitor.log"
}
ssh_uri() { echo "ssh://root@127.0.0.1:$(< "$scratch/$1/ssh-port")"; }
# The path that qemu knows: rstap looks it up in the table of sockets.
port_uri() { echo "unix:$(readlink -f "$scratch/$1")/${2:-port0}"; }

# --- Waiting, each with a bound, which grows on a busy machine (see over). They print the seconds that it took, or >BOUND
# and fail.

until_true() {  # SECONDS COMMAND...
  local limit=$1 started=$EPOCHREALTIME stalled
  stalled=$(stalled)
  shift
  until "$@"; do
    if over "$started" "$limit" "$stalled"; then echo ">$limit" && return 1; fi
    sleep 0.05
  done
  since "$started"
}
pause() { sleep "$1"; }  # Where time itself is a part of the test: no bound, so it does not grow.
ended() { ! kill -0 "$1" 2> /dev/null; }
ends_within() { until_true "$2" ended "$1"; }  # PID SECONDS
has_line() { grep -qE "$2" "$1" 2> /dev/null; }
says_within() { until_true "$3" has_line "$1" "$2"; }  # FILE REGEX SECONDS

# --- What the guest says of itself.

state() { grep -a '^STATE' "$scratch/$1/console.log" | tail -n 1 | tr -d '\r' | cut -d ' ' -f 3-; }
state_matches() { [[ $(state "$1") =~ $2 ]]; }
state_within() { until_true "$3" state_matches "$1" "$2"; }  # GUEST REGEX SECONDS
clean_state='mods=\[\] dirs=0 agent=[0-9]+ guardian=0 staprun=0 stapio=0 stapbpf=0 bpftrace=0'
busy_state='mods=\[[^]]+\] dirs=1 .* stapio=1'
# Seconds on the guest's clock from the last FAULT to the first STATE after it without a module.
unloaded_after() {  # GUEST
  tr -d '\r' < "$scratch/$1/console.log" | awk '
    /^FAULT/ { fault = $2; gone = "" }
    /^STATE/ && fault != "" && gone == "" && $3 == "mods=[]" { gone = $2 - fault }
    END { if (gone == "") print "?"; else printf "%.1f", gone }'
}

# --- Results. A test is a script; ctest sees its exit code, a person the lines.

failures=0
passes=0
note() { echo "      $*"; }
pass() { echo "PASS: $*" && passes=$((passes + 1)); }
fail() { echo "FAIL: $*" && failures=$((failures + 1)); }
check() {  # TEXT COMMAND...
  local text=$1
  shift
  if "$@"; then pass "$text"; else fail "$text"; fi
}
check_equal() {  # TEXT GOT WANT
  if [[ $2 == "$3" ]]; then pass "$1"; else fail "$1: got '$2', want '$3'"; fi
}
quietly() { "$@" > /dev/null; }
# In the guest, looked at by the guest: no module, no process, no folder.
check_clean() {  # TEXT GUEST SECONDS
  local seconds
  if seconds=$(state_within "$2" "^$clean_state" "$3"); then
    pass "$1: nothing left, seen after $seconds s"
  else
    fail "$1: after $3 s there is: $(state "$2")"
  fi
}
finish() {
  local guest
  note "took $SECONDS s"
  for guest in "${guests[@]}"; do
    if ended "$(< "$guest/pid")"; then
      fail "its qemu is gone: $(< "$guest/qemu.err") $(tail -n 20 "$guest/console.log")"
    fi
  done
  echo "$passes passed, $failures failed"
  exit $((failures > 0))
}

# --- Scripts, and running them.

scripts=$guest_folder/scripts
export SYSTEMTAP_DIR=$guest_cache/systemtap  # stap's own cache of modules.
# What stap is told for every build; the ssh that knows the keys comes first in PATH.
use_image() {  # IMAGE
  image=$1
  PATH=$1/bin:$PATH
  common=(-R "$(patched_runtime "$(< "$1/release")")")
  export RSTAP_OPTIONS="${common[*]}"  # Usual, not said: where nothing is built it would be refused.
}
# Starts rstap in the background: $pid; output in $scratch/out and $scratch/err.
start() {  # WORD...
  : > "$scratch/out"
  TMPDIR=$scratch "$rstap" "$@" > "$scratch/out" 2> "$scratch/err" &
  pid=$!
}
# Runs it to its end: $code, $scratch/out, $scratch/err.
run() {
  start "$@"
  await "${RUN_LIMIT:-90}"
}
await() {  # SECONDS
  took=$(ends_within "$pid" "$1") || { kill -KILL "$pid" && fail "rstap did not end within $1 s: $(errors)"; }
  code=0
  wait "$pid" || code=$?
}
output() { tr '\n' ' ' < "$scratch/out"; }
errors() { grep -v 'symbol table missing' "$scratch/err"; }
