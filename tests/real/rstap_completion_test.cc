// SPDX-License-Identifier: Apache-2.0
// The completions in the shells that they are for: each is asked what may stand at the end of a line.
#include <unistd.h>

#include "harness/real_test.h"

namespace stapsh::real {
namespace {

class RstapCompletion : public RealTest {
 protected:
  RstapCompletion() {
    scratch_.write("known-script.stp", "");
    scratch_.make_folder("known-folder");
    scratch_.make_folder("home");
    scratch_.make_folder("home/.ssh");
    scratch_.write("home/.ssh/config", "Host knownhost1 knownhost2\n  User root\n");
  }

  void SetUp() override {}  // Needs no root.

  static bool is_there(const std::string& shell) { return ::access(shell.c_str(), X_OK) == 0; }

  /// Writes what `rstap completion SHELL` prints, and returns its path.
  std::string completion_for(const std::string& shell, const std::string& name) const {
    Program rstap(options({STAPSH_CLIENT, "completion", shell}));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    return scratch_.write(name, rstap.out());
  }

  ProgramOptions in_shell(std::vector<std::string> argv) const {
    ProgramOptions how = options(std::move(argv));
    how.env.insert(how.env.end(), {"HOME=" + scratch_.path("home"), "TERM=dumb"});
    return how;
  }
};

struct Case {
  std::string line;                 // Completed at its end.
  std::vector<std::string> wanted;  // Words that are offered,
  std::vector<std::string> not_wanted = {};
};

const Case kCases[] = {
    {"rstap --all", {"--all-or-nothing"}, {"--label"}},
    {"rstap --connect-t", {"--connect-timeout"}, {"--label"}},
    {"rstap --color=", {"auto", "always", "never"}, {"known-script"}},
    {"rstap --color=al", {"always"}, {"auto", "never"}},
    {"rstap --dialect=", {"released", "rfc"}, {"known-script"}},
    {"rstap --runtime b", {"bpf", "bpftrace"}, {"kernel"}},
    {"rstap know", {"known-script.stp"}},
    {"rstap --label know", {"known-script.stp"}},
    {"rstap swe", {"sweep"}, {"guest"}},
    {"rstap doc", {"doctor"}, {"guest"}},
    {"rstap doctor know", {"known-script.stp"}, {"sweep"}},
    {"rstap --config=know", {"known-script.stp"}},
    {"rstap -I know", {"known-folder"}, {"known-script.stp"}},
    {"rstap --remote @know", {"known-script.stp"}, {"--label"}},
    {"rstap completion z", {"zsh"}, {"known-script.stp"}},
    {"rstap --fanout ", {}, {"known-script.stp"}},
    {"rstap --remote knownh", {"knownhost1", "knownhost2"}, {"known-script.stp"}},
};

void check(const Case& c, const std::string& offered) {
  for (const std::string& word : c.wanted)
    EXPECT_NE(offered.find(word), std::string::npos) << word << " in " << offered;
  for (const std::string& word : c.not_wanted) EXPECT_EQ(offered.find(word), std::string::npos) << offered;
}

// Words are cut as readline cuts them; the function fills COMPREPLY.
constexpr std::string_view kAskBash = R"BASH(
if [[ -n $WITH_PACKAGE ]]; then source /usr/share/bash-completion/bash_completion || exit; fi
source "$1" || exit
cd "$2" || exit
line=$3
COMP_LINE=$line COMP_POINT=${#line}
COMP_WORDS=()
while [[ $line =~ ^[[:blank:]]*([=@:]|[^=@:[:blank:]]+)(.*)$ ]]; do
  COMP_WORDS+=("${BASH_REMATCH[1]}")
  line=${BASH_REMATCH[2]}
done
if [[ -n $line ]]; then COMP_WORDS+=(''); fi
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_rstap rstap "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
complete -p rstap > /dev/null
)BASH";

TEST_F(RstapCompletion, InBash) {
  if (!is_there("/bin/bash")) GTEST_SKIP() << "no bash";
  const std::string script = completion_for("bash", "rstap.bash");
  const std::string ask = scratch_.write("ask.bash", kAskBash);
  for (const bool with_package : {false, true}) {
    if (with_package && !is_there("/usr/share/bash-completion")) continue;
    for (const Case& c : kCases) {
      SCOPED_TRACE(c.line + (with_package ? " (with bash-completion)" : ""));
      ProgramOptions how = in_shell({"/bin/bash", "--norc", ask, script, scratch_.root(), c.line});
      if (with_package) how.env.push_back("WITH_PACKAGE=1");
      Program bash(how);
      EXPECT_EQ(bash.wait_exit(), 0) << bash.captured();
      check(c, bash.out());
    }
  }
}

TEST_F(RstapCompletion, InFish) {
  if (!is_there("/usr/bin/fish")) GTEST_SKIP() << "no fish";
  const std::string script = completion_for("fish", "rstap.fish");
  const std::string ask = scratch_.write(
      "ask.fish", "complete -c rstap -e; source $argv[1]; cd $argv[2]; complete -C $argv[3] | cut -f1\n");
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.line);
    Program fish(in_shell({"/usr/bin/fish", "--no-config", ask, script, scratch_.root(), c.line}));
    EXPECT_EQ(fish.wait_exit(), 0) << fish.captured();
    check(c, fish.out());
  }
}

// An interactive zsh on a terminal of its own, and a tab. What completion adds is written down where it is added: what
// a terminal shows of it depends on what is typed meanwhile.
constexpr std::string_view kAskZsh = R"ZSH(
zmodload zsh/zpty
zpty asked zsh -f -i
send() { zpty -w asked "$1" }
send "fpath=($1 \$fpath); cd $2; autoload -Uz compinit; compinit -u -D"
send 'compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    local -a found
    builtin compadd -A found "$@"
    print -rl -- $found >> answer
  fi
  builtin compadd "$@"
}'
send 'main() { _main_complete }; zle -C complete-it complete-word main'
send 'ask() { zle complete-it; print -r -- ANSW""ERED }; zle -N ask; bindkey "^I" ask; print RE""ADY'
zpty -r asked answer '*READY*2004h*' || exit 1  # Its editor has the terminal.
zpty -n -w asked "$3"$'\t'
zpty -r asked answer '*ANSWERED*' || exit 1
zpty -d asked
touch $2/answer
cat $2/answer
rm $2/answer
)ZSH";

TEST_F(RstapCompletion, InZsh) {
  if (!is_there("/usr/bin/zsh")) GTEST_SKIP() << "no zsh";
  const std::string functions = scratch_.make_folder("functions");
  (void)completion_for("zsh", "functions/_rstap");
  const std::string ask = scratch_.write("ask.zsh", kAskZsh);
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.line);
    Program zsh(in_shell({"/usr/bin/zsh", "-f", ask, functions, scratch_.root(), c.line}));
    EXPECT_EQ(zsh.wait_exit(), 0) << zsh.captured();
    check(c, zsh.out());
  }
}

TEST_F(RstapCompletion, AskedForAnotherShell) {
  const std::vector<std::string> cases[] = {{STAPSH_CLIENT, "completion"}, {STAPSH_CLIENT, "completion", "csh"}};
  for (const std::vector<std::string>& argv : cases) {
    Program rstap(options(argv));
    EXPECT_EQ(rstap.wait_exit(), 2);
    EXPECT_EQ(rstap.err(), "rstap: completion: say for which shell: rstap completion bash, zsh or fish\n");
  }
}

}  // namespace
}  // namespace stapsh::real
