# shellcheck shell=sh disable=SC2012,SC2046  # ls is what every target has; its words are wanted as words.
# The first stage of --bootstrap: finds or receives an agent, and becomes it. What both sides say: bootstrap_talk.h.
# It travels as one line within single quotes that sh, csh and fish take alike. So no quote like those, no exclamation
# mark and no two backslashes stand in it, each line ends as it may before any other, and lines of comment fall away.
# Each process costs a machine in use some milliseconds, so what the shell can find out by itself it does.
old_umask=;
become() { test -z "$old_umask" || umask "$old_umask"; exec "$@"; };
say() { printf "\nstapsh-stage %s\n" "$1"; };
f=;
drop() { if test -n "$f"; then rm -rf "$f"; if test -e "$f"; then say "left $f"; fi; f=; fi; };
fail() { drop; say "failed $1"; exit 1; };
trap drop EXIT;
for s in HUP INT QUIT PIPE TERM; do trap "exit 1" "$s"; done;

# An agent of ours that is there already; systemtap has another one of that name.
s=;
if command -v stapsh > /dev/null; then s=$(command -v stapsh); fi;
for s in "$s" /usr/local/bin/stapsh /usr/bin/stapsh /usr/lib/systemtap/stapsh /usr/libexec/systemtap/stapsh; do
  if test -x "$s"; then
    case $("$s" --version 2> /dev/null < /dev/null) in
      "stapsh "*" speaks the protocol of systemtap "*) say "found $s"; become "$s" ;;
    esac;
  fi;
done;

m=$(uname -m) || fail "uname does not say of what kind this machine is";
say "ready $m";
read -r mode size sum token || exit 0;

# What a stage that was killed has left: its folder names boot, pid namespace and process. It is renamed first: a child
# of that stage may live, and be about to make its file there.
u=;
{ while read -r l p u p; do test "$l" = Uid: && break; done < /proc/self/status; } 2> /dev/null;
u=${u:-$(id -u)};
test -n "$u" || fail "id does not say whose this account is";
here=;
look_where() {
  b=unknown; n=unknown;
  { read -r b < /proc/sys/kernel/random/boot_id; n=$(readlink /proc/self/ns/pid); } 2> /dev/null;
  n=${n%?}; here=stapsh-stage.${b%%-*}.${n#*:?};
};
t=$TMPDIR;
if test "$t" = /tmp; then t=; fi;
if test "$mode" = keep; then
  set -- "$XDG_CACHE_HOME" "${HOME:+$HOME/.cache}" /var/tmp "$t" /tmp "$HOME" "$XDG_RUNTIME_DIR" /dev/shm;
else
  set -- "$XDG_RUNTIME_DIR" "/run/user/$u" /dev/shm "$t" /tmp /run /var/tmp "${HOME:+$HOME/.cache}" "$HOME";
fi;

# Who can rename what is in a folder can put something else in the place of what we verify. It costs a process, so it
# is asked of a folder just before that counts.
safe() {
  set -- $(ls -ldn "$1/." 2> /dev/null);
  case $1 in
    ?????????[tT]*) ;;
    ?????w*|????????w*) return 1 ;;
  esac;
  test "$3" = "$u" || test "$3" = 0;
};
for d in "$@"; do
  shift;
  if test -d "$d"; then set -- "$@" "$d"; fi;
done;
for d in "$@"; do
  for x in "$d"/stapsh-stage.*; do
    if test -O "$x" && test -d "$x" && safe "$d"; then
      test -n "$here" || look_where;
      case $x in
        "$d/$here".*) p=${x#"$d/$here."}; kill -0 "${p%%.*}" 2> /dev/null || { mv "$x" "$x.$$" 2> /dev/null && rm -rf "$x.$$"; } ;;
      esac;
    fi;
  done;
done;

digest() {
  { s=$(sha256sum < "$1") || s=$(busybox sha256sum < "$1") || s=$(shasum -a 256 < "$1") ||
    s=$(openssl dgst -sha256 -r < "$1"); } 2> /dev/null;
  s=${s%% *};
};
same() { digest "$1"; test "$s" = "$sum"; };
runs() { v=$("$@" --version 2>&1 < /dev/null); };
mine() {
  set -- $(ls -ldn "$1" 2> /dev/null);
  case $1 in drwx------|drwx------.) test "$3" = "$u" ;; *) false ;; esac;
};
if test "$mode" = keep; then
  for d in "$@"; do
    c=$d/stapsh-agents-$u;
    if test -x "$c/$sum" && safe "$d" && mine "$c" && same "$c/$sum"; then
      say "run $c/$sum";
      become "$c/$sum";
    fi;
  done;
fi;

# A folder that takes all of it, and executes: both are tried.
test -n "$here" || look_where;
old_umask=$(umask);
umask 077;
why=;
for d in "$@"; do
  if test -w "$d"; then
    safe "$d" || { why="$why others can change $d,"; continue; };
    f=$d/$here.$$.$token;
    if mkdir -m 700 "$f" && echo "exit 0" > "$f/try" && chmod 700 "$f/try"; then
      if "$f/try"; then
        if dd if=/dev/zero of="$f/stapsh" bs=65536 count="$((size / 65536 + 1))"; then break; fi;
        why="$why $d has no room for $size bytes,";
      else
        why="$why $d executes nothing (noexec),";
      fi;
    else
      why="$why $d takes no files,";
    fi;
    drop;
  fi;
done 2> /dev/null;
test -n "$f" || fail "no folder there takes and executes an agent:${why:- none can be written}";

take() {
  if head -c 1 < /dev/null > /dev/null 2>&1; then head -c "$size";
  elif dd iflag=fullblock count=0 < /dev/null 2> /dev/null; then
    dd iflag=fullblock bs=65536 count="$((size / 65536))" 2> /dev/null;
    dd bs=1 count="$((size % 65536))" 2> /dev/null;
  else dd bs=1 count="$size" 2> /dev/null; fi;
};
say "send $d";
e=$(take 2>&1 > "$f/stapsh");
test "$(wc -c < "$f/stapsh")" -eq "$size" || fail "$d: the agent did not arrive whole${e:+: $e}";
digest "$f/stapsh";
test -n "$s" || fail "there is neither sha256sum nor busybox, shasum or openssl, by which to verify an agent";
test "$s" = "$sum" || fail "$d: what arrived is not the agent that was sent";
rm -f "$f/try";
chmod 700 "$f/stapsh";
runs "$f/stapsh" --guest "$f" || fail "$d: the agent does not run there: $v";

if test "$mode" = keep; then
  c=$d/stapsh-agents-$u;
  test -d "$c" || mkdir -m 700 "$c" 2> /dev/null;
  mine "$c" || fail "$c: is no folder of mode 0700 of user $u";
  e=$(mv -f "$f/stapsh" "$c/$sum" 2>&1) || fail "$e";
  drop;
  ls -t "$c" | tail -n +3 | while read -r x; do test "$x" = "$sum" || rm -f "$c/$x"; done;
  say "run $c/$sum";
  become "$c/$sum";
fi;
say "run $f/stapsh";
become "$f/stapsh" --guest "$f";
