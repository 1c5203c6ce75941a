// SPDX-License-Identifier: Apache-2.0
// rstap in a terminal, under a shell with job control.
#include <csignal>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

class RstapInATerminal : public RemoteTest {
 protected:
  /// A terminal whose keys are our words. Its shell knows `rstap …` as a job.
  ProgramOptions terminal() {
    ProgramOptions shell = client({"/usr/bin/socat", "-", "EXEC:bash --norc --noprofile -i,pty,setsid,ctty,stderr"});
    shell.input = ProgramOptions::Input::kPipe;
    return shell;
  }
  std::string command() const { return rstap("--bpf --label -r " + stap_.kernel_build() + " " + stap_.forever()); }
  /// On two targets.
  std::string rstap(const std::string& words) const {
    return std::string(STAPSH_CLIENT) + " --stapsh " + agent_program() +
           " --grace=60 --color=never --remote stapsh: --remote exec:" + agent_program() + " " + words +
           "; echo code=$?\n";
  }
  /// A program whose output bpftrace keeps back as little as it can.
  std::string unbuffered(std::string_view program) const {
    return "--progress=never --runner-arg=-B --runner-arg=none " + scratch_.write("script.bt", program);
  }
};

std::size_t count_of(std::string_view word, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

constexpr std::string_view kCtrlC = "\x03", kCtrlZ = "\x1a";

TEST_F(RstapInATerminal, CtrlZHoldsItAndFgGoesOn) {
  Program shell(terminal());
  ASSERT_TRUE(shell.write(command()));
  ASSERT_TRUE(shell.wait_for_out_times(" tick 2\r\n", 2));
  ASSERT_TRUE(shell.write(kCtrlZ));
  ASSERT_TRUE(shell.wait_for_out("Stopped"));
  const std::size_t ticks = count_of(" tick ", shell.out());
  ASSERT_TRUE(shell.write("fg\n"));
  ASSERT_TRUE(shell.wait_for_out_times(" tick ", ticks + 4));
  ASSERT_TRUE(shell.write(kCtrlC));
  ASSERT_TRUE(shell.wait_for_out_times(" bye\r\n", 2));
  ASSERT_TRUE(shell.wait_for_out("2 targets: 2 succeeded; all clean"));
  ASSERT_TRUE(shell.write("exit\n"));
  (void)shell.wait_exit();
}

// The terminal's ctrl-C ends tee as well, and what is printed at the end is often all that was asked for.
TEST_F(RstapInATerminal, CtrlCThatEndsTeeLosesNoOutput) {
  Program shell(terminal());
  std::string words = command();
  words.insert(words.find(';'), " | tee " + scratch_.path("log"));
  ASSERT_TRUE(shell.write(words));
  ASSERT_TRUE(shell.wait_for_out_times(" tick 2\r\n", 2));
  ASSERT_TRUE(shell.write(kCtrlC));
  ASSERT_TRUE(shell.wait_for_out("rstap: standard output is closed; what would go there follows here"));
  ASSERT_TRUE(shell.wait_for_out_times(" bye\r\n", 2));
  ASSERT_TRUE(shell.wait_for_out("2 targets: 2 succeeded; all clean"));
  ASSERT_TRUE(shell.write("exit\n"));
  (void)shell.wait_exit();
}

// A closed window, a lost login: the terminal and its shell send a SIGHUP each, which is no impatience. (stapbpf hangs
// when it gets a second signal; within the grace time all must be over without one.)
TEST_F(RstapInATerminal, TerminalThatGoesAwayStopsTheRun) {
  Program shell(terminal());
  ASSERT_TRUE(shell.write(command()));
  ASSERT_TRUE(shell.wait_for_out_times(" tick 2\r\n", 2));
  shell.send_signal(SIGKILL);
  (void)shell.wait_exit();
  expect_nothing_left();
}

// A prompt, a row of dots: a person sees what is there, and whose it is, before its line has ended.
TEST_F(RstapInATerminal, UnfinishedLinesAreShown) {
  mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER);
  Program shell(terminal());
  std::string words = "--progress=never " + scratch_.write("probe.ko", "no module");
  for (const char* step : {"catch:1", "catch:2", "part:begun", "pause"}) words += std::string(" --runner-arg=") + step;
  ASSERT_TRUE(shell.write(rstap(words)));
  ASSERT_TRUE(shell.wait_for_out("\nstapsh: begun"));
  ASSERT_TRUE(shell.wait_for_out("\nexec:" + agent_program() + ": begun"));
  ASSERT_TRUE(shell.write(kCtrlC));
  ASSERT_TRUE(shell.wait_for_out("2 targets: 2 succeeded; all clean"));
  EXPECT_EQ(count_of("caught ", shell.out()), 2U) << shell.out();
  EXPECT_EQ(count_of("begun\r\n", shell.out()), 1U) << "the other's line began behind it: " << shell.out();
  ASSERT_TRUE(shell.write("exit\n"));
  (void)shell.wait_exit();
}

// Who has the terminal alone clears it, as top does; of several, a line with the name stands there instead.
TEST_F(RstapInATerminal, ScreensAreCleared) {
  const std::string program = unbuffered("BEGIN { printf(\"\\033[2J\\033[1;1Hscreen\\n\\033]0;title\\n\"); exit(); }");
  const std::string one = std::string(STAPSH_CLIENT) + " --stapsh " + agent_program() + " --remote stapsh: ";
  Program shell(terminal());
  ASSERT_TRUE(shell.write(one + program + "\n"));
  ASSERT_TRUE(shell.wait_for_out("1 target: 1 succeeded; all clean"));
  EXPECT_NE(shell.out().find("\033[H\033[Jscreen\r\n^[]0;title\r\n"), std::string::npos) << shell.out();
  ASSERT_TRUE(shell.write(one + "--raw " + program + "\n"));
  ASSERT_TRUE(shell.wait_for_out_times("1 target: 1 succeeded; all clean", 2));
  EXPECT_NE(shell.out().find("\033[2J\033[1;1Hscreen\r\n\033]0;title\r\n"), std::string::npos) << shell.out();
  ASSERT_TRUE(shell.write(rstap(program)));
  ASSERT_TRUE(shell.wait_for_out("2 targets: 2 succeeded; all clean"));
  EXPECT_NE(shell.out().find("stapsh: ---------------\r\nscreen\r\n^[]0;title\r\n"), std::string::npos) << shell.out();
  ASSERT_TRUE(shell.write("exit\n"));
  (void)shell.wait_exit();
}

}  // namespace
}  // namespace stapsh::real
