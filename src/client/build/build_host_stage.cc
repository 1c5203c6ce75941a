// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_host_stage.h"

#include "client/transport/ssh.h"

namespace stapsh::client {
namespace {

// The renaming comes first: a build that has not begun by then does not begin. Both names go, since make creates the
// folder that it writes into. Who is of the session is seen in /proc, as ps(1) sees it, and zombies don't count: what
// adopts orphans in a container may never reap them. stap has two seconds to end by itself.
constexpr std::string_view kClean =
    "members() { test -z \"$p\" || cat /proc/[0-9]*/stat 2>/dev/null | "
    "sed -n \"s/^\\([0-9]*\\) (.*) [^ZX] [0-9]* [0-9]* $p .*/\\1/p\"; }; "
    "clean() { mv \"$d\" \"$d-\" 2>/dev/null; test -d \"$d-\" || return 0; p=`cat \"$d-/session\" 2>/dev/null`; "
    "for s in TERM KILL; do n=0; while m=`members`; test -n \"$m\" && test $n -lt 20; do "
    "test $s$n = TERM0 || test $s = KILL && kill -$s $m 2>/dev/null; sleep 0.1; n=$((n+1)); done; done; "
    "rm -rf \"$d\" \"$d-\"; }; ";

constexpr std::string_view kTake =
    "take() { command -v setsid >/dev/null || { echo \"it has no setsid (util-linux)\" >&2; return 1; }; "
    "mkdir \"$d\" || return 1; echo \"$name $d\"; "
    "while read -r what size path; do path=$d/${path%|}; case $what in d) mkdir \"$path\" ;; "
    "f) head -c \"$size\" >\"$path\" ;; run) return 0 ;; *) false ;; esac || return 1; done; return 1; }; ";

// A shell's background process has no standard input of its own, but for what is given to it.
constexpr std::string_view kWatch =
    "watch() { take || { clean; return 1; }; cat <&3 >/dev/null 2>&1 & c=$!; "
    "(setsid sh \"$d/build\" \"$d\" </dev/null 3<&-; kill $c) 2>/dev/null & wait $c; clean; }; ";

constexpr std::string_view kStage =
    "umask 077; exec 3<&0; trap \"clean; exit 143\" HUP INT TERM; watch <&3 & wait $!; code=$?; clean; exit $code";

// The session's id is there before stap is; who has moved the folder by then stops it here.
constexpr std::string_view kBuildBegins = R"sh(
umask 077
echo $$ >"$d/session" || exit 1
cd "$d/work" || exit 1
TMPDIR=$d/tmp SYSTEMTAP_DIR=$d/state
export TMPDIR SYSTEMTAP_DIR
set --
test "`uname -m`" = "$machine" || set -- -a "$machine"
)sh";

constexpr std::string_view kBuildGoesOn = R"sh(
code=127
if command -v "$stap" >/dev/null; then
  "$stap" "$@" <"$input" >"$d/out" 2>"$d/errors"
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
part out "$d/out"
part errors "$d/errors"
module=`grep '\.[kbs]o$' "$d/out" | tail -n 1`
if test -n "$module"; then
  part module "$module"
  part signature "$module.sgn"
fi
cd /
rm -rf "$d"
echo "end 0"
)sh";

std::string quoted(const std::string& word, const std::string& name) {
  std::string text = single_quoted(word);
  for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) text.replace(at, name.size(), "'\"$d\"'");
  return text;
}

}  // namespace

std::string build_host_name(std::string_view unique) { return "rstap-build-" + std::string(unique); }

std::string stage_command(const std::string& name) {
  std::string program = "name=" + name + "; d=${TMPDIR:-/tmp}/$name; ";
  for (const std::string_view part : {kClean, kTake, kWatch, kStage}) program += part;
  return "exec /bin/sh -c " + single_quoted(program);
}

std::string build_program(const std::string& name, const std::string& stap, const std::vector<std::string>& words,
                          const std::string& machine, bool reads_script) {
  std::string program = "d=$1\nmachine=" + single_quoted(machine) + "\nstap=" + single_quoted(stap) +
                        "\ninput=" + (reads_script ? "$d/script" : "/dev/null");
  program += kBuildBegins;
  program += "set -- \"$@\"";
  for (const std::string& word : words) program += " " + quoted(word, name);
  program += kBuildGoesOn;
  return program;
}

}  // namespace stapsh::client
