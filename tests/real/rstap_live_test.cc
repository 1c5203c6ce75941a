// SPDX-License-Identifier: Apache-2.0
// --live in a real terminal: what is seen meanwhile, and what is left of it afterwards.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>
#include <regex>
#include <set>

#include "harness/remote_test.h"
#include "harness/terminal.h"

namespace stapsh::real {
namespace {

using Lines = std::vector<std::string>;

bool has_line(const Lines& lines, std::string_view begin) {
  return std::ranges::any_of(lines, [&](const std::string& line) { return line.starts_with(begin); });
}
/// The shell's prompt is there, below what rstap said at its end.
bool is_over(const Lines& lines) {
  return !lines.empty() && lines.back() == "$" &&
         std::ranges::any_of(lines, [](const std::string& line) { return line.starts_with("rstap: 2 targets: "); });
}
bool is_live(const Lines& lines) { return !lines.empty() && lines.front().starts_with("rstap: 2 running"); }

// As bpftrace up to 0.21: it prints its map when it is asked, and what its END probe says when it is stopped. In perl,
// which waits for several signals without losing one; a shell's `wait` can.
constexpr std::string_view kFakeBpftrace = R"(#!/usr/bin/perl
use POSIX;
if ("@ARGV" eq "-V") { print "bpftrace v0.21.2\n"; exit; }
$| = 1;
my $n = 0;
sub show { print qq({"type": "map", "data": {"\@c": $n}}\n); }
my ($asked, $stopped) = (0, 0);
my $all = POSIX::SigSet->new(SIGUSR1, SIGINT);
sigprocmask(SIG_BLOCK, $all);
$SIG{USR1} = sub { $asked = 1; };
$SIG{INT} = sub { $stopped = 1; };
if (open my $file, '>', 'PID_FILE') { print $file $$; close $file; }
print qq({"type": "attached_probes", "data": {"probes": 1}}\n{"type": "printf", "data": "the beginning\\n"}\n);
my $none = POSIX::SigSet->new();
while (!$stopped) {
  POSIX::sigsuspend($none);
  if ($asked) { $asked = 0; $n++; show(); }
}
print qq({"type": "printf", "data": "the end\\n"}\n);
show();
)";

// As bpftrace 0.22 and later, which print a map when they are asked where a probe for that signal says so: without one
// this ends with an error. All else is done by the real one, which knows no such probe, and prints without.
constexpr std::string_view kNewerBpftrace = R"(#!/bin/bash
[[ $* == -V ]] && { echo bpftrace v0.23.0; exit; }
for word; do
  [[ $word == *count.bt ]] && { cp "$word" SCRATCH/sent.bt && grep -v ^self: "$word" > SCRATCH/older.bt && word=SCRATCH/older.bt; }
  words+=("$word")
done
[[ $(tail -n 1 SCRATCH/sent.bt) == 'self:signal:SIGUSR1 { print(@c); }' ]] && exec SCRATCH/older_bpftrace "${words[@]}"
)";

class RstapLive : public RemoteTest {
 protected:
  void SetUp() override {
    RemoteTest::SetUp();
    if (IsSkipped()) return;
    if (::access("/usr/bin/tmux", X_OK) != 0) GTEST_SKIP() << "needs tmux";
    for (const char* program : {"/usr/bin/bpftrace", "/usr/bin/perl"}) {
      if (::access(program, X_OK) != 0) GTEST_SKIP() << "needs " << program;
    }
    const std::string program =
        scratch_.write("count.bt", "interval:ms:10 { @c = count(); } END { printf(\"the end\\n\"); }\n");
    (void)scratch_.make_folder("bin");
    (void)scratch_.write("bin/run",
                         "#!/bin/sh\necho $$ > " + scratch_.path("pid") + "\nexec " STAPSH_CLIENT " --stapsh " +
                             agent_program() + " \"$@\" " + program + "\n",
                         0755);
  }
  void TearDown() override {
    terminal_.reset();
    RemoteTest::TearDown();
  }

  void fake_bpftrace() {
    std::string runner(kFakeBpftrace);
    runner.replace(runner.find("PID_FILE"), 8, scratch_.path("runner_pid"));
    (void)scratch_.write("runner", runner, 0755);
    mounts_.replace("/usr/bin/bpftrace", scratch_.path("runner"));
  }
  /// A target with such a bpftrace.
  std::string newer_bpftrace() {
    std::string runner(kNewerBpftrace);
    for (std::size_t at = 0; (at = runner.find("SCRATCH", at)) != std::string::npos;) {
      runner.replace(at, 7, scratch_.path("."));
    }
    std::filesystem::copy("/usr/bin/bpftrace", scratch_.path("older_bpftrace"));
    return "exec:" +
           scratch_.write("newer",
                          "#!/bin/sh\nexec unshare -m sh -c 'mount --bind " + scratch_.write("runner", runner, 0755) +
                              " /usr/bin/bpftrace && exec " + agent_program() + "'\n",
                          0755);
  }
  Terminal& open_terminal() {
    const std::string socket = scratch_.path("tmux");
    ProgramOptions maker = client(Terminal::maker(socket, Terminal::plain(scratch_)));
    maker.env.push_back("LC_ALL=C.UTF-8");
    maker.env.push_back("PATH=" + scratch_.path("bin") + ":/usr/bin:/bin:/usr/sbin:/sbin");
    return terminal_.emplace(std::move(maker), socket, 80);
  }
  Terminal& start_live(std::string_view targets) {
    Terminal& terminal = open_terminal();
    terminal.enter("stty -a > " + scratch_.path("before") + "; echo ready");
    EXPECT_TRUE(terminal.wait_for_line("ready"));
    terminal.enter("run " + std::string(targets) + " --live=0.2");
    EXPECT_TRUE(terminal.wait_for("both hosts' values", [](const Lines& lines) {
      return is_live(lines) && has_line(lines, "@c: sum of 2 hosts");
    }));
    EXPECT_FALSE(has_line(terminal.screen(), "ready"));
    return terminal;
  }
  /// It ended: what people wait for is on the screen that was there before, and the terminal as well is as it was.
  void expect_over(Terminal& terminal) {
    ASSERT_TRUE(terminal.wait_for("a summary and a prompt", is_over));
    const Lines all = terminal.screen();
    for (const std::string_view line : {"ready", "@c: sum of 2 hosts"}) {
      EXPECT_TRUE(has_line(all, line)) << line << "\n" << shown(all);
    }
    EXPECT_TRUE(std::ranges::any_of(all, [](const std::string& line) { return line.ends_with(": the end"); }));
    EXPECT_FALSE(has_line(all, "rstap: 2 running")) << shown(all);
    terminal.enter("stty -a | cmp - " + scratch_.path("before") + " && echo same");
    EXPECT_TRUE(terminal.wait_for_line("same"));
  }

  std::optional<Terminal> terminal_;
};

constexpr std::string_view kTwo = "--remote stapsh: --remote stapsh:";

TEST_F(RstapLive, AKeyEndsItAsCtrlCDoes) {
  fake_bpftrace();
  for (const std::string_view key : {"q", "C-c"}) {
    SCOPED_TRACE(key);
    Terminal& terminal = start_live(kTwo);
    EXPECT_TRUE(terminal.wait_for("values that grow", [](const Lines& lines) { return has_line(lines, "@c: 6"); }));
    terminal.press(key);
    expect_over(terminal);
    EXPECT_TRUE(has_line(terminal.screen(), "stapsh: the beginning"));
    terminal_.reset();
  }
}

TEST_F(RstapLive, CtrlZGivesTheTerminalToTheShell) {
  fake_bpftrace();
  Terminal& terminal = start_live(kTwo);
  terminal.press("C-z");
  ASSERT_TRUE(terminal.wait_for("the shell's screen", [](const Lines& lines) {
    return has_line(lines, "ready") && !lines.empty() && lines.back() == "$";
  }));
  terminal.enter("stty -a | cmp - " + scratch_.path("before") + " && echo same");
  EXPECT_TRUE(terminal.wait_for_line("same"));
  terminal.enter("fg");
  ASSERT_TRUE(terminal.wait_for("the view", is_live));
  terminal.press("q");
  expect_over(terminal);
}

TEST_F(RstapLive, ASignalToRstapLeavesTheTerminalAsItWas) {
  fake_bpftrace();
  Terminal& terminal = start_live(kTwo);
  ASSERT_EQ(::kill(std::stoi(read_file(scratch_.path("pid"))), SIGTERM), 0);
  expect_over(terminal);
}

// Of a bug, and those that nobody has a use for: rstap is gone at once, and its shell has the terminal.
TEST_F(RstapLive, ASignalThatIsFatalLeavesTheTerminalAsItWas) {
  fake_bpftrace();
  for (const int signo : {SIGABRT, SIGSEGV, SIGALRM, SIGUSR2}) {
    SCOPED_TRACE(signo);
    if (STAPSH_SANITIZED && signo == SIGSEGV) continue;  // It is the sanitizer's.
    Terminal& terminal = start_live(kTwo);
    ASSERT_EQ(::kill(std::stoi(read_file(scratch_.path("pid"))), signo), 0);
    ASSERT_TRUE(terminal.wait_for("the shell's screen", [](const Lines& lines) {
      return has_line(lines, "ready") && !lines.empty() && lines.back() == "$";
    }));
    EXPECT_EQ(terminal.state("#{alternate_on} #{cursor_flag} #{wrap_flag}"), "0 1 1\n");
    terminal.enter("echo ended by $(($? - 128))");
    EXPECT_TRUE(terminal.wait_for_line("ended by " + std::to_string(signo)));
    terminal.enter("stty -a | cmp - " + scratch_.path("before") + " && echo same");
    EXPECT_TRUE(terminal.wait_for_line("same"));
    terminal_.reset();
  }
}

TEST_F(RstapLive, AKilledTargetIsOneOfManyAndItsValuesStay) {
  fake_bpftrace();
  Terminal& terminal = start_live(kTwo);
  ASSERT_EQ(::kill(std::stoi(read_file(scratch_.path("runner_pid"))), SIGKILL), 0);
  ASSERT_TRUE(terminal.wait_for("the view of the other", [](const Lines& lines) {
    return !lines.empty() && lines.front().starts_with("rstap: 1 running, 1 failed") &&
           has_line(lines, "@c: sum of 2 hosts");
  }));
  terminal.press("q");
  expect_over(terminal);
}

TEST_F(RstapLive, ARealBpftraceWithAnAgentAndWithout) {
  Terminal& terminal = start_live("--remote stapsh: --remote direct: --by-host");
  EXPECT_TRUE(terminal.wait_for_line("  by host:"));
  terminal.press("q");
  expect_over(terminal);
}

TEST_F(RstapLive, ANewerBpftraceIsGivenAProbeByWhichItIsAsked) {
  const std::string newer = newer_bpftrace();
  Terminal& terminal = start_live("--remote stapsh: --remote " + newer);
  terminal.press("q");
  expect_over(terminal);
  // What went to the other one is what was written: it would not have run else.
  EXPECT_EQ(read_file(scratch_.path("sent.bt")),
            read_file(scratch_.path("count.bt")) + "self:signal:SIGUSR1 { print(@c); }\n");
}

// It would not match the digest that its owner approved. (Such a bpftrace ends then, in this test: nobody can ask it.)
TEST_F(RstapLive, WhereAPolicyDecidesTheProgramGoesAsItIsWritten) {
  mounts_.policy_folder(scratch_.make_folder("etc-stapsh"));
  const std::string program = scratch_.path("count.bt");
  Program sum(options({"/usr/bin/sha256sum", program}));
  ASSERT_EQ(sum.wait_exit(), 0);
  (void)scratch_.write("etc-stapsh/approved", sum.out());
  (void)scratch_.write("etc-stapsh/policy", "allow sha256=@/etc/stapsh/approved args=safe\n");
  Program rstap(client({STAPSH_CLIENT, "--remote", newer_bpftrace(), "--live=0.2", program}));
  EXPECT_NE(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(read_file(scratch_.path("sent.bt")), read_file(program)) << rstap.captured();
}

TEST_F(RstapLive, ATargetWhereNothingOfTheProgramWasAttachedFails) {
  mounts_.replace("/usr/bin/bpftrace", scratch_.write("runner", R"(#!/bin/bash
[[ $* == -V ]] && { echo bpftrace v0.23.0; exit; }
echo '{"type": "attached_probes", "data": {"probes": 1}}'
exec perl -e '$SIG{INT} = sub { exit 0 }; sleep'
)",
                                                      0755));
  Program rstap(client(
      {STAPSH_CLIENT, "--stapsh", agent_program(), "--remote", "stapsh:", "--live=0.2", scratch_.path("count.bt")}));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_NE(rstap.err().find("rstap: stapsh: failed: no probe of the program was attached"), std::string::npos)
      << rstap.captured();
}

TEST_F(RstapLive, WithoutATerminalEachIntervalIsABlock) {
  fake_bpftrace();
  Terminal& terminal = open_terminal();
  terminal.enter("run " + std::string(kTwo) + " --live=0.2 --quiet >> " + scratch_.write("out", "") + " & tail -f " +
                 scratch_.path("out"));
  // On a busy machine the two are not in step, and what the screen was looked at for has gone by: any two sums do.
  ASSERT_TRUE(terminal.wait_for("blocks", [](const Lines& lines) {
    std::set<std::string> sums;
    for (const std::string& line : lines) {
      if (std::regex_match(line, std::regex("@c: [0-9]+"))) sums.insert(line);
    }
    return has_line(lines, "--- 2 running") && has_line(lines, "@c: sum of 2 hosts") && sums.size() >= 2;
  }));
  ASSERT_EQ(::kill(std::stoi(read_file(scratch_.path("pid"))), SIGINT), 0);
  EXPECT_TRUE(terminal.wait_for_line("stapsh: the end"));
}

}  // namespace
}  // namespace stapsh::real
