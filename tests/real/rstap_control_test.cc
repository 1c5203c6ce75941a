// SPDX-License-Identifier: Apache-2.0
// --halt, --canary: what some targets mean for the others; --dry-run: what would be done.
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "harness/here_fleet.h"

namespace stapsh::real {
namespace {

class RstapControl : public HereFleetTest {
 protected:
  /// Shell for a runner: it is up, as this test can see.
  std::string say_up() const { return ": > " + scratch_.path("up.") + "$WHO; "; }
  /// Shell for a runner: until this test lets go.
  std::string until(const std::string& what) const {
    return "while [ ! -e " + scratch_.path(what) + " ]; do sleep 0.02; done; ";
  }
  void let(const std::string& what) const { (void)scratch_.write(what, ""); }
  bool is_up(const std::string& host) const { return ::access(scratch_.path("up." + host).c_str(), F_OK) == 0; }
  testing::AssertionResult wait_up(const std::string& host) const {
    if (becomes_true([&] { return is_up(host); })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << host << " never ran";
  }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

  /// How many of its children run the program of that name.
  static std::size_t children(pid_t parent, const std::string& program) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::error_code gone;
      if (!std::filesystem::exists(entry.path() / "cmdline", gone)) continue;
      const std::string status = read_file(entry.path() / "status"), words = read_file(entry.path() / "cmdline");
      count += has(status, "\nPPid:\t" + std::to_string(parent) + "\n") && has(words, program) ? 1 : 0;
    }
    return count;
  }

  const std::string trap_ = "trap 'echo bye; exit 0' HUP; ";  // Before it is up.
  const std::string forever_ = trap_ + "while :; do sleep 0.02; done";
};

TEST_F(RstapControl, HaltNowStopsAllWhenSoManyFailed) {
  set_runner(trap_ + say_up() + "case $WHO in web1|web3) " + until("go") + "exit 7;; *) " + forever_ + ";; esac");
  Program rstap(rstap_on("web[1-4]", {"--halt=now,fail=2", "--label"}));
  for (const char* host : {"web1", "web2", "web3", "web4"}) ASSERT_TRUE(wait_up(host));
  let("go");
  EXPECT_EQ(rstap.wait_exit(), 7) << rstap.captured();
  EXPECT_TRUE(has(rstap.out(), "web2: bye\n")) << rstap.captured();  // As after a ctrl-C: end probes run.
  EXPECT_TRUE(has(rstap.out(), "web4: bye\n")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "rstap: 2 of 4 targets failed (--halt=now,fail=2): all are stopped\n"))
      << rstap.captured();
}

TEST_F(RstapControl, OneFailureLessDoesNotHalt) {
  set_runner("[ $WHO = web1 ] && exit 7; exit 0");
  Program rstap(rstap_on("web[1-3]", {"--halt=now,fail=67%"}));
  EXPECT_EQ(rstap.wait_exit(), 7) << rstap.captured();
  EXPECT_FALSE(has(rstap.err(), "--halt")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "3 targets: 2 succeeded, 1 ended with an error; all clean")) << rstap.captured();
}

TEST_F(RstapControl, HaltSoonStartsNoMoreAndLetsRunnersEnd) {
  set_runner(say_up() + "case $WHO in web1) " + until("go") + "exit 7;; *) " + until("end") + "echo whole;; esac");
  // The third never says hello: it is still connecting.
  ProgramOptions options = rstap_on("web[1-2]", {"--halt=soon,fail=1", "--remote", "exec:cat", "--label"});
  Program rstap(std::move(options));
  ASSERT_TRUE(wait_up("web1"));
  ASSERT_TRUE(wait_up("web2"));
  let("go");
  ASSERT_TRUE(rstap.wait_for_err("rstap: 1 of 3 targets failed (--halt=soon,fail=1): no more are started\n"));
  let("end");
  EXPECT_EQ(rstap.wait_exit(), 7) << rstap.captured();
  EXPECT_EQ(rstap.out(), "web2: whole\n");
  EXPECT_TRUE(has(rstap.err(), "exec:cat: stopped before it ran: 1 of 3 targets failed (--halt=soon,fail=1)\n"))
      << rstap.captured();
}

// The first one fails before any other has done a thing.
TEST_F(RstapControl, WhoWasStoppedBeforeItsFirstStepDoesNotRun) {
  for (const std::string option : {"--all-or-nothing", "--halt=now,fail=1", "--halt=soon,fail=1"}) {
    SCOPED_TRACE(option);
    set_runner(say_up() + "echo ran");
    Program rstap(rstap_on("unix:" + scratch_.path("nobody"), {option, "--remote", "web1"}));
    EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
    EXPECT_EQ(rstap.out(), "") << rstap.captured();
    EXPECT_FALSE(is_up("web1"));
  }
}

// One that was ready is lost while it waits for the others: they need not be ready first.
TEST_F(RstapControl, WhoDiesWhileItWaitsPreventsTheStart) {
  set_runner("echo ran");
  const std::string pid_file = scratch_.path("agent.pid");
  const std::string mortal = "exec:echo $$ > " + pid_file + "; exec /usr/bin/stapsh";
  const std::string late = "exec:" + until("never") + "exec /usr/bin/stapsh";
  Program rstap(rstap_on(mortal, {"--all-or-nothing", "-v", "--remote", late}));
  ASSERT_TRUE(rstap.wait_for_err("stapsh: ready\n"));
  pid_t agent = 0;
  std::ifstream(pid_file) >> agent;
  ASSERT_GT(agent, 0);
  ASSERT_EQ(::kill(agent, SIGKILL), 0);
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_EQ(rstap.out(), "");
}

TEST_F(RstapControl, TheRestStartsWhenTheCanaryHasEndedWell) {
  set_runner(say_up() + "[ $WHO = web1 ] && { " + until("go") + "}; echo done");
  Program rstap(rstap_on("web[1-3]", {"--canary=1", "--label", "-v"}));
  ASSERT_TRUE(wait_up("web1"));
  ASSERT_TRUE(rstap.wait_for_err("web3: waiting\n"));
  rstap.send_signal(SIGUSR1);
  ASSERT_TRUE(rstap.wait_for_err("rstap: web2: waiting\n"));
  EXPECT_FALSE(is_up("web2"));
  let("go");
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(is_up("web2"));
  EXPECT_TRUE(is_up("web3"));
}

TEST_F(RstapControl, TheRestStartsWhenTheCanariesRunForLongEnough) {
  set_runner(trap_ + say_up() + forever_);
  Program rstap(rstap_on("web[1-4]", {"--canary=2,0.3"}));
  for (const char* host : {"web1", "web2", "web3", "web4"}) ASSERT_TRUE(wait_up(host));
  rstap.send_signal(SIGINT);
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "4 targets: 4 succeeded; all clean")) << rstap.captured();
}

TEST_F(RstapControl, ACanaryThatFailsStartsNobodyAndItsCodeIsTheRuns) {
  set_runner(say_up() + "[ $WHO = web1 ] && { " + until("go") + "exit 9; }; " + until("end"));
  for (const std::string more : {"", "--together", "--all-or-nothing"}) {
    SCOPED_TRACE(more);
    for (const char* name : {"go", "end", "up.web1", "up.web2"}) (void)::unlink(scratch_.path(name).c_str());
    std::vector<std::string> words{"--canary=2,60"};
    if (!more.empty()) words.push_back(more);
    Program rstap(rstap_on("web[1-4]", words));
    ASSERT_TRUE(wait_up("web1"));
    ASSERT_TRUE(wait_up("web2"));
    let("go");
    ASSERT_TRUE(rstap.wait_for_err("rstap: canary web1 failed: the targets that wait for it are not started\n"));
    EXPECT_TRUE(rstap.running());  // The other canary goes on.
    let("end");
    EXPECT_EQ(rstap.wait_exit(), 9) << rstap.captured();
    EXPECT_FALSE(is_up("web3"));
    EXPECT_TRUE(has(rstap.err(), "stopped before it ran: canary web1 failed\n")) << rstap.captured();
    EXPECT_TRUE(has(rstap.err(), "2 not touched")) << rstap.captured();
  }
}

TEST_F(RstapControl, ACanaryThatNeverRunsEndsAllOfAnAllOrNothing) {
  set_runner(trap_ + say_up() + forever_);
  Program rstap(rstap_on("web1", {"--remote", "exec:exit 3", "--remote", "web3", "--canary=2,60", "--all-or-nothing"}));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_FALSE(is_up("web1"));
  EXPECT_FALSE(is_up("web3"));
}

TEST_F(RstapControl, CtrlCAndDeadlineEndTheWait) {
  set_runner(trap_ + say_up() + forever_);
  Program interrupted(rstap_on("web[1-2]", {"--canary=1"}));
  ASSERT_TRUE(wait_up("web1"));
  interrupted.send_signal(SIGINT);
  EXPECT_EQ(interrupted.wait_exit(), 130) << interrupted.captured();
  EXPECT_FALSE(is_up("web2"));
  EXPECT_TRUE(has(interrupted.err(), "web2: stopped before it ran\n")) << interrupted.captured();
  Program late(rstap_on("web[1-2]", {"--canary=1", "--deadline=0.3"}));
  EXPECT_EQ(late.wait_exit(), 1) << late.captured();
  EXPECT_FALSE(is_up("web2"));
}

// One that still compiles when another's time is over has its own time before it, and does not die of SIGINT.
TEST_F(RstapControl, TheTimeOfEachTargetBeginsWhenItsProbesAreAttached) {
  mounts_.tracing();
  const std::string real = scratch_.path("bpftrace");
  std::filesystem::copy_file("/usr/bin/bpftrace", real);
  const std::string slow = "[ \"$1\" = -V ] && exec " + real + " -V; [ $WHO = web2 ] && { " + say_up() + until("go") +
                           "}; exec " + real + " \"$@\"\n";
  mounts_.replace("/usr/bin/bpftrace", scratch_.write("slow", "#!/bin/sh\n" + slow, 0755));
  set_module(scratch_.write("timed.bt", "BEGIN { printf(\"begun\\n\"); } END { printf(\"ended\\n\"); }\n"));
  for (const std::string time : {"--deadline=0.5", "-T0.5"}) {
    SCOPED_TRACE(time);
    (void)std::filesystem::remove(scratch_.path("go"));
    Program rstap(rstap_on("web[1-2]", {time, "--label"}));
    ASSERT_TRUE(wait_up("web2"));
    ASSERT_TRUE(rstap.wait_for_out("web1: ended\n")) << rstap.captured();
    EXPECT_FALSE(has(rstap.out(), "web2: ")) << rstap.captured();
    let("go");
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_TRUE(has(rstap.out(), "web2: begun\n") && has(rstap.out(), "web2: ended\n")) << rstap.captured();
    EXPECT_TRUE(has(rstap.err(), "2 targets: 2 succeeded; all clean")) << rstap.captured();
  }
}

TEST_F(RstapControl, ATryThatFailedTakesNothingFromTheTime) {
  mounts_.tracing();
  const std::string tried = scratch_.path("tried");
  const std::string flaky = scratch_.write(
      "flaky", "#!/bin/sh\n[ -e " + tried + " ] || { : > " + tried + "; exit 1; }; exec /usr/bin/stapsh\n", 0755);
  const std::string program = scratch_.write("timed.bt", "BEGIN { printf(\"begun\\n\"); }\n");
  Program rstap(client(
      {STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "--remote", "exec:" + flaky, "--retries=2", "-T0.5", program}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(std::filesystem::exists(tried));
  EXPECT_TRUE(has(rstap.out(), "begun\n")) << rstap.captured();
}

TEST_F(RstapControl, VariablesThatDoNotTravelAreNamedOnceWithDetails) {
  mounts_.tracing();
  set_module(scratch_.write("hello.bt", "BEGIN { exit(); }\n"));
  const std::string said = "set here, and not on the targets: BPFTRACE_STRLEN; --env=NAME=VALUE sets one there\n";
  ProgramOptions how = rstap_on("web[1-2]", {"-v"});
  how.env.push_back("BPFTRACE_STRLEN=9");
  Program details(how);
  EXPECT_EQ(details.wait_exit(), 0) << details.captured();
  const std::size_t at = details.err().find(said);
  EXPECT_NE(at, std::string::npos) << details.captured();
  EXPECT_EQ(details.err().find(said, at + 1), std::string::npos) << details.captured();
  ProgramOptions without = rstap_on("web[1-2]", {});
  without.env.push_back("BPFTRACE_STRLEN=9");
  Program quiet(without);
  EXPECT_EQ(quiet.wait_exit(), 0) << quiet.captured();
  EXPECT_FALSE(has(quiet.err(), said)) << quiet.captured();
}

// `direct:` as well.
TEST_F(RstapControl, ABpftraceProgramEndsAfterItsTimeHere) {
  mounts_.tracing();
  Program rstap(client({STAPSH_CLIENT, "-T", "0.2", "--bpftrace", "-e", "BEGIN { } END { printf(\"ended\\n\"); }"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_TRUE(has(rstap.out(), "ended\n")) << rstap.captured();
}

TEST_F(RstapControl, HaltCountsTheCanariesToo) {
  set_runner(trap_ + say_up() + "[ $WHO = web1 ] && { " + until("go") + "exit 9; }; " + forever_);
  Program rstap(rstap_on("web[1-3]", {"--canary=2,60", "--halt=now,fail=1"}));
  ASSERT_TRUE(wait_up("web1"));
  ASSERT_TRUE(wait_up("web2"));
  let("go");
  EXPECT_EQ(rstap.wait_exit(), 9) << rstap.captured();  // The other canary is stopped.
  EXPECT_FALSE(is_up("web3"));
}

TEST_F(RstapControl, DryRunSaysWhatWouldRunAndStartsNothing) {
  set_runner(say_up() + "echo ran");
  Program rstap(rstap_on("web[1-3]", {"--dry-run", "--canary=1", "--together"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(rstap.out(), "");
  EXPECT_TRUE(has(rstap.err(), "rstap: web[1-3]: would run staprun with ")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "3 targets: 3 succeeded; all clean")) << rstap.captured();
  EXPECT_FALSE(is_up("web1"));
}

TEST_F(RstapControl, DryRunFailsWhereTheRunWould) {
  set_runner("echo ran");
  Program rstap(rstap_on("web1", {"--dry-run", "--remote", "exec:exit 3", "--remote", "direct:"}));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "rstap: web1,direct: would run staprun with ")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "exec:exit 3: failed")) << rstap.captured();
  EXPECT_EQ(rstap.out(), "");
}

TEST_F(RstapControl, DryRunAsksAnAgentWhatARunWouldAsk) {
  const std::string program = scratch_.write("p.bt", "BEGIN { exit(); }");
  // One of systemtap's 5.1: it knows stapbpf, and no bpftrace.
  const std::string old = scratch_.write("old",
                                         "read -r line\necho stapsh 5.1 x86_64 6.1.0\n"
                                         "while read -r line; do echo ERROR: Invalid option; done\n");
  for (const std::string how : {"--dry-run", "--quiet"}) {
    Program rstap(client({STAPSH_CLIENT, how, "--remote", "exec:exec sh " + old, program}));
    EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
    EXPECT_TRUE(has(rstap.err(), "its stapsh is systemtap's (5.1), which can't start bpftrace")) << rstap.captured();
    EXPECT_FALSE(has(rstap.err(), "would run")) << rstap.captured();
  }
}

// A stop let all of them connect at once, and sshd refuses a crowd.
TEST_F(RstapControl, QuestionsAfterLostSessionsKeepTheLimitsInAStopToo) {
  set_runner("trap '" + until("end") + "exit 0' HUP; " + say_up() + "while :; do sleep 0.02; done");
  const std::string ssh = scratch_.write(
      "ssh-twice",
      "#!/bin/sh\nwhile :; do case $1 in -[opl]) shift 2;; -*) shift;; *) break;; esac; done\nexport WHO=$1\n"
      "if mkdir " +
          scratch_.path("first.") + "$1; then echo $$ > " + scratch_.path("agent.") + "$1; else : > " +
          scratch_.path("asks.") + "$1; ls " + scratch_.path("asks.") + "* | wc -l >> " + scratch_.path("counts") +
          "; " + until("go") + "rm " + scratch_.path("asks.") + "$1; fi\nexec /usr/bin/stapsh\n",
      0755);
  const std::vector<std::string> hosts{"web1", "web2", "web3", "web4"};
  Program rstap(rstap_on("web[1-4]", {"--ssh", ssh, "--fanout=2", "-v"}));
  for (const std::string& host : hosts) ASSERT_TRUE(wait_up(host));
  rstap.send_signal(SIGINT);
  ASSERT_TRUE(rstap.wait_for_err("stopping"));
  for (const std::string& host : hosts) {
    ASSERT_EQ(::kill(std::stoi(read_file(scratch_.path("agent." + host))), SIGKILL), 0);
  }
  for (const std::string& host : hosts) {
    ASSERT_TRUE(rstap.wait_for_err(host + ": connecting again, to see that nothing is left"));
  }
  const auto asking = [&] {
    return std::count_if(hosts.begin(), hosts.end(), [&](const std::string& host) {
      return ::access(scratch_.path("asks." + host).c_str(), F_OK) == 0;
    });
  };
  ASSERT_TRUE(becomes_true([&] { return asking() >= 2; }));
  // What it would have begun beside these two it has begun when it answers, one thing after the other: who asks counts
  // who else does, and so do we.
  rstap.send_signal(SIGUSR1);
  ASSERT_TRUE(rstap.wait_for_err("rstap: web4: asking what is left\n"));
  EXPECT_EQ(children(rstap.pid(), ssh), 2u);
  let("end");
  let("go");
  (void)rstap.wait_exit();
  std::istringstream counts(read_file(scratch_.path("counts")));
  std::vector<int> at_once{std::istream_iterator<int>(counts), {}};
  EXPECT_EQ(at_once.size(), 4u) << rstap.captured();
  for (const int count : at_once) EXPECT_LE(count, 2) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "all clean")) << rstap.captured();
}

TEST_F(RstapControl, MoreCanariesThanTargetsAreAllTargets) {
  set_runner("echo done");
  Program rstap(rstap_on("web[1-2]", {"--canary=5"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(rstap.out(), "done\ndone\n");
}

// Who read standard output has gone with the ctrl-C: what follows on standard error is of targets, and says so, and is
// there before the summary.
TEST_F(RstapControl, DivertedLinesAreLabelledAndBeforeTheSummary) {
  const std::string mark = scratch_.path("up.");
  set_runner("trap 'echo n1: lie; printf last; exit 0' HUP; : > " + mark + "$WHO; while :; do sleep 0.02; done");
  Program rstap(rstap_on("n[1-2]", {}));
  for (const char* host : {"n1", "n2"}) {
    ASSERT_TRUE(becomes_true([&] { return ::access((mark + host).c_str(), F_OK) == 0; }));
  }
  rstap.send_signal(SIGINT);
  rstap.close_output();
  (void)rstap.wait_exit();
  const std::string err = rstap.err();
  const std::size_t summary = err.find("rstap: 2 targets: 2 succeeded");
  ASSERT_NE(summary, std::string::npos) << rstap.captured();
  EXPECT_LT(err.rfind("last"), summary) << rstap.captured();
  EXPECT_EQ(std::regex_replace(err.substr(0, summary), std::regex("(rstap|stdout): .*\n"), ""), "") << rstap.captured();
}

}  // namespace
}  // namespace stapsh::real
