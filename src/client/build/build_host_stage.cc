// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_host_stage.h"

#include "client/build/replace_all.h"
#include "client/transport/ssh.h"

namespace stapsh::client {
namespace {

// All of them work in the folder $top, which is theirs by its making, and name what is in it from there, never by its
// whole name: once it is removed anybody may make another one. The renaming comes first: a build that has not begun by
// then does not begin. Both names go, since make creates the folder that it writes into. Who is of the session is seen
// in /proc, as ps(1) sees it, and zombies don't count: what adopts orphans in a container may never reap them. stap has
// two seconds to end by itself.
constexpr std::string_view kClean =
    "members() { test -z \"$p\" || cat /proc/[0-9]*/stat 2>/dev/null | "
    "sed -n \"s/^\\([0-9]*\\) (.*) [^ZX] [0-9][0-9]* [0-9][0-9]* $p .*/\\1/p\"; }; "
    "clean() { mv b gone 2>/dev/null; p=`cat gone/session 2>/dev/null | tr -cd 0-9`; "
    "for s in TERM KILL; do n=0; while m=`members`; test -n \"$m\" && test $n -lt 20; do "
    "test $s$n = TERM0 || test $s = KILL && kill -$s $m 2>/dev/null; sleep 0.1; n=$((n+1)); done; done; "
    "rm -rf b gone; rmdir \"$top\" 2>/dev/null; }; ";

// head -c may read ahead, into what follows (busybox does).
constexpr std::string_view kTake =
    "file() { : >\"$2\" || return 1; test \"$1\" = 0 && return 0; "
    "e=`dd bs=\"$1\" count=1 iflag=fullblock 2>&1 >\"$2\"` || { echo \"$e\" >&2; return 1; }; }; "
    "take() { command -v setsid >/dev/null || { echo \"it has no setsid (util-linux)\" >&2; return 1; }; "
    "echo \"$name $top/b\"; "
    "while read -r what size path; do path=b/${path%|}; case $what in d) mkdir \"$path\" ;; "
    "f) file \"$size\" \"$path\" ;; run) return 0 ;; *) false ;; esac || return 1; done; return 1; }; ";

// A shell's background process has no standard input of its own, but for what is given to it.
constexpr std::string_view kWatch =
    "watch() { take || { clean; return 1; }; cat <&3 >/dev/null 2>&1 & c=$!; "
    "(setsid sh b/build \"$top/b\" </dev/null 3<&-; kill $c) 2>/dev/null & wait $c; clean; }; ";

// Who does not make the folder has nothing to clean. No signal comes between the making and the knowing.
constexpr std::string_view kStage =
    "umask 077; exec 3<&0; trap \"\" HUP INT TERM; mkdir -m 700 \"$top\" && cd \"$top\" || exit 1; "
    "trap \"clean; exit 143\" HUP INT TERM; mkdir b || { clean; exit 1; }; "
    "watch <&3 & wait $!; code=$?; clean; exit $code";

// It begins in $top. The session's id is there before stap is; who has moved the folder by then stops it here.
constexpr std::string_view kBuildBegins = R"sh(
umask 077
echo $$ >b/session || exit 1
cd -P b/work || exit 1
TMPDIR=$d/tmp SYSTEMTAP_DIR=$d/state
export TMPDIR SYSTEMTAP_DIR
set --
test "`uname -m`" = "$machine" || set -- -a "$machine"
)sh";

constexpr std::string_view kBuildGoesOn = R"sh(
code=127
if command -v "$stap" >/dev/null; then
  "$stap" "$@" <"$input" >../out 2>../errors
  code=$?
fi
trap '' HUP PIPE
part() {
  if test -f "$2"; then
    echo "$1 $((`wc -c <"$2"`))"
    cat "$2"
  fi
}
echo "code $code"
part out ../out
part errors ../errors
module=`grep '\.[kbs]o$' ../out | tail -n 1`
if test -n "$module"; then
  part module "$module"
  part signature "$module.sgn"
fi
echo "end 0"
)sh";

std::string quoted(const std::string& word, const std::string& name) {
  return replace_all(single_quoted(word), name, "'\"$d\"'");
}

}  // namespace

std::string build_host_name(std::string_view unique) { return "rstap-build-" + std::string(unique); }

std::string stage_command(const std::string& name) {
  std::string program = "name=" + name + "; case $TMPDIR in /*) top=$TMPDIR/$name ;; *) top=/tmp/$name ;; esac; ";
  for (const std::string_view part : {kClean, kTake, kWatch, kStage}) program += part;
  return "exec /bin/sh -c " + single_quoted(program);
}

std::string build_program(const std::string& name, const std::string& stap, const std::vector<std::string>& words,
                          const std::string& machine, bool reads_script) {
  std::string program = "d=$1\nmachine=" + single_quoted(machine) + "\nstap=" + single_quoted(stap) +
                        "\ninput=" + (reads_script ? "../script" : "/dev/null");
  program += kBuildBegins;
  program += "set -- \"$@\"";
  for (const std::string& word : words) program += " " + quoted(word, name);
  program += kBuildGoesOn;
  return program;
}

}  // namespace stapsh::client
