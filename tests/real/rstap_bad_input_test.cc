// SPDX-License-Identifier: Apache-2.0
// What users get wrong and what targets do wrong: an error that names the target and the reason, a code that is not
// zero, the other targets unharmed, nothing left anywhere.
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>

#include "harness/frames.h"
#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

/// Listens, and never accepts.
class SilentSocket {
 public:
  explicit SilentSocket(std::string path) : path_(std::move(path)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool bound = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (!bound || ::listen(fd_, 5) != 0) throw HarnessError("cannot listen at " + path_);
  }
  ~SilentSocket() { (void)::close(fd_); }
  SilentSocket(const SilentSocket&) = delete;
  SilentSocket& operator=(const SilentSocket&) = delete;

  const std::string& path() const { return path_; }
  /// Somebody has connected, and waits to be accepted.
  bool wait_for_client() const {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, static_cast<int>(kBound.count())) == 1;
  }

 private:
  std::string path_;
  int fd_ = -1;
};

class RstapBadInput : public RemoteTest {
 protected:
  RstapBadInput() {
    mounts_.replace("/usr/bin/stapsh", agent_program());
    // No name leaves this machine.
    mounts_.replace("/etc/nsswitch.conf",
                    scratch_.write("nsswitch.conf", "hosts: files\npasswd: files\ngroup: files\n"));
  }

  ProgramOptions rstap(std::vector<std::string> words) const {
    std::vector<std::string> all{STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "-r", stap_.kernel_build(), "--bpf"};
    all.insert(all.end(), words.begin(), words.end());
    return client(all);
  }

  struct BadTarget {
    std::string uri;
    std::vector<std::string> said;  ///< Words of the error, besides the target.
    std::vector<std::string> options = {};
  };
  /// The bad target beside a good one: the good one runs to its end, the bad one is named with the reason.
  void expect_only_the_bad_one_fails(const BadTarget& bad) {
    SCOPED_TRACE(bad.uri);
    std::vector<std::string> words{"--label", "--remote", bad.uri, "--remote", "stapsh:", stap_.one()};
    words.insert(words.begin(), bad.options.begin(), bad.options.end());
    Program rstap(this->rstap(words));
    EXPECT_NE(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_NE(rstap.out().find("bye\n"), std::string::npos) << "the good target was harmed: " << rstap.captured();
    EXPECT_NE(rstap.err().find(bad.uri), std::string::npos) << "the target is not named: " << rstap.captured();
    for (const std::string& word : bad.said)
      EXPECT_NE(rstap.err().find(word), std::string::npos) << "no '" << word << "': " << rstap.captured();
    expect_nothing_left();
  }
};

TEST_F(RstapBadInput, UnknownSchemeIsRefusedWithTheKnownOnes) {
  Program rstap(this->rstap({"--remote", "foo:bar", "--remote", "stapsh:", stap_.one()}));
  EXPECT_NE(rstap.wait_exit(), 0);
  for (const char* word : {"foo:bar", "ssh://", "unix:", "exec:"})
    EXPECT_NE(rstap.err().find(word), std::string::npos) << rstap.captured();
}

TEST_F(RstapBadInput, TargetThatCanNotBeReached) {
  const BadTarget cases[] = {
      {"no-such-host.invalid", {"resolve"}},
      {"unix:" + scratch_.path("nobody.sock"), {"No such file"}},
      {"exec:/nowhere/agent", {}},
      {"ssh://root@127.0.0.1:1", {"refused"}, {"--ssh-option=ConnectTimeout=2"}},
  };
  for (const BadTarget& c : cases) expect_only_the_bad_one_fails(c);
}

TEST_F(RstapBadInput, TargetThatHangsWhileConnecting) {
  const SilentSocket silent(scratch_.path("hang.sock"));
  const std::vector<std::string> short_time{"--connect-timeout=1"};
  expect_only_the_bad_one_fails({"unix:" + silent.path(), {"--connect-timeout"}, short_time});
  expect_only_the_bad_one_fails({"exec:cat > /dev/null", {"--connect-timeout"}, short_time});
}

TEST_F(RstapBadInput, AgentThatTalksNonsense) {
  const std::vector<std::string> short_time{"--connect-timeout=2"};
  const BadTarget cases[] = {
      {"exec:echo hello there", {}},
      {"exec:yes nonsense", {}, short_time},
      {"exec:cat /dev/zero", {}, short_time},
      {"exec:printf 'stapsh 5.6 x86_64\\n'; cat", {}, short_time},
      {"exec:read hello; printf 'stapsh 5.6 x86_64 6.1 and more\\n'; cat", {}, short_time},
      {"exec:true", {}},
      {"exec:echo failing loudly >&2; exit 3", {"failing loudly"}},
  };
  for (const BadTarget& c : cases) expect_only_the_bad_one_fails(c);
}

TEST_F(RstapBadInput, AgentThatStopsHalfWay) {
  // Says the hello of this machine, answers so many commands with OK, then ends.
  const std::string agent = scratch_.write("half-agent",
                                           "#!/bin/bash\n"
                                           "read -r line; echo \"stapsh 5.6 $(uname -m) $(uname -r)\"\n"
                                           "for ((i = 0; i < $1; i++)); do read -r word size rest || exit\n"
                                           "  test \"$word\" = file && head -c \"$size\" > /dev/null\n"
                                           "  echo OK; done\n",
                                           0755);
  for (int answers = 0; answers <= 4; answers++)
    expect_only_the_bad_one_fails({"exec:" + agent + " " + std::to_string(answers), {}});
}

TEST_F(RstapBadInput, MissingRunnerIsNamed) {
  mounts_.hide("/usr/bin/stapbpf");
  Program rstap(this->rstap({"--remote", "stapsh:", stap_.one()}));
  EXPECT_NE(rstap.wait_exit(), 0);
  for (const char* word : {"stapsh:", "stapbpf"})
    EXPECT_NE(rstap.err().find(word), std::string::npos) << rstap.captured();
}

TEST_F(RstapBadInput, ScriptThatDoesNotBuildIsExplainedOnce) {
  Program rstap(this->rstap({"--remote", "stapsh:", "--remote", "stapsh:", "--remote", "exec:/usr/bin/stapsh", "-e",
                             "probe begin { nonsense = }"}));
  EXPECT_NE(rstap.wait_exit(), 0);
  const std::string err = rstap.err();
  const std::size_t first = err.find("parse error:");
  ASSERT_NE(first, std::string::npos) << rstap.captured();
  EXPECT_EQ(err.find("parse error:", first + 1), std::string::npos) << rstap.captured();
}

// Each kernel has its own build; what is wrong with the script is the same for all.
TEST_F(RstapBadInput, ScriptThatDoesNotBuildForThreeKernelsIsExplainedOnce) {
  const std::vector<std::string> releases{"1.2.3-one", "1.2.3-two", "1.2.3-three"};
  std::vector<std::string> targets;
  for (const std::string& release : releases) {
    for (const std::string& word : with_kernel(release)) targets.push_back(word);
  }
  for (const std::string label : {"--label", "--no-label"}) {
    SCOPED_TRACE(label);
    std::vector<std::string> words{label, "-e", "probe begin { nonsense = }"};
    words.insert(words.begin(), targets.begin(), targets.end());
    Program rstap(this->rstap(words));
    EXPECT_NE(rstap.wait_exit(), 0);
    const std::string err = rstap.err();
    const auto times = [&](const std::string& text) {
      std::size_t count = 0;
      for (std::size_t at = 0; (at = err.find(text, at)) != std::string::npos; ++at) ++count;
      return count;
    };
    EXPECT_EQ(times("parse error:"), 1U) << rstap.captured();
    EXPECT_EQ(times(": stap says:\n"), 1U) << rstap.captured();
    EXPECT_EQ(times(": stap says the same as for 1.2.3-"), 2U) << rstap.captured();
    for (const std::string& release : releases) {
      const std::string names = label == "--label" ? " (exec:" + scratch_.path(release) + ")" : "";
      EXPECT_EQ(times("rstap: build for " + release + " x86_64" + names + ": stap says"), 1U) << rstap.captured();
    }
  }
}

TEST_F(RstapBadInput, ModuleThatCanNotBeReadIsNamed) {
  for (const std::string& module : {scratch_.path("missing.ko"), scratch_.make_folder("folder.bo")}) {
    Program rstap(this->rstap({"--remote", "stapsh:", module}));
    EXPECT_NE(rstap.wait_exit(), 0);
    EXPECT_NE(rstap.err().find(module), std::string::npos) << rstap.captured();
  }
}

TEST_F(RstapBadInput, TargetWithAKernelThatNothingCanBeBuiltFor) {
  const std::string agent =
      scratch_.write("old-kernel", "#!/bin/sh\n/usr/bin/stapsh | sed -u '1s/[^ ]*$/1.2.3-other/'\n", 0755);
  expect_only_the_bad_one_fails({"exec:" + agent, {"1.2.3-other"}});
}

TEST_F(RstapBadInput, FullDiskOnATarget) {
  const std::string disk = scratch_.make_folder("disk");
  mounts_.small_disk(disk, 64).replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER);
  const std::string module = scratch_.write("big.ko", pattern(500'000));
  const std::string full = "exec:TMPDIR=" + disk + " /usr/bin/stapsh";
  Program rstap(client({STAPSH_CLIENT, "--stapsh", "/usr/bin/stapsh", "--label", "--remote", full, "--remote",
                        "stapsh:", module, "--runner-arg=say:fine"}));
  EXPECT_NE(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_NE(rstap.out().find("fine\n"), std::string::npos) << rstap.captured();
  for (const std::string& word : {std::string("No space left"), full})
    EXPECT_NE(rstap.err().find(word), std::string::npos) << rstap.captured();
}

TEST_F(RstapBadInput, AllOrNothingStartsNothingWhenOneTargetFails) {
  Program rstap(this->rstap({"--all-or-nothing", "--remote", "exec:true", "--remote", "stapsh:", stap_.one()}));
  EXPECT_NE(rstap.wait_exit(), 0);
  EXPECT_EQ(rstap.out(), "") << rstap.captured();
}

TEST_F(RstapBadInput, InterruptWhileATargetHangsEndsTheRun) {
  const std::string ready = scratch_.path("ready");
  ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
  Program rstap(this->rstap(
      {"--connect-timeout=1000", "--remote", "exec:echo up > " + ready + "; exec cat > /dev/null", stap_.one()}));
  Program waiting(options({"cat", ready}));
  ASSERT_TRUE(waiting.wait_for_out("up"));
  rstap.send_signal(SIGINT);
  EXPECT_NE(rstap.wait_exit(), 0) << rstap.captured();
}

// An ssh that hangs ignores the end of its input, and so does whoever holds a socket and says nothing: a stop waited
// for them as for a runner, half a minute.
TEST_F(RstapBadInput, StopDoesNotWaitForWhoNeverSaidHello) {
  const std::string ready = scratch_.path("ready");
  ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
  const SilentSocket silent(scratch_.path("silent.sock"));
  for (const std::string& uri : {"exec:echo up > " + ready + "; exec sleep 1000", "unix:" + silent.path()}) {
    SCOPED_TRACE(uri);
    Program rstap(this->rstap({"--connect-timeout=1000", "--remote", uri, stap_.one()}));
    if (uri.starts_with("unix:")) {
      ASSERT_TRUE(silent.wait_for_client());
    } else {
      Program waiting(options({"cat", ready}));
      ASSERT_TRUE(waiting.wait_for_out("up"));
    }
    rstap.send_signal(SIGTERM);
    EXPECT_EQ(rstap.wait_exit(std::chrono::seconds(10)), 128 + SIGTERM) << rstap.captured();
    EXPECT_NE(rstap.err().find("stopped before it ran"), std::string::npos) << rstap.captured();
  }
}

// A stap that a hung make or NFS holds. (The real one can't be made to hang.)
TEST_F(RstapBadInput, StopEndsABuildThatIgnoresIt) {
  const std::string stubborn = scratch_.write("stubborn-stap",
                                              "#!/bin/sh\n"
                                              "trap '' TERM\n"
                                              "echo kept > \"$TMPDIR/file\"\n"
                                              "echo up > \"$READY\"\n"
                                              "sleep 1000 & sleep 1000\n",
                                              0755);
  const std::string ready = scratch_.path("ready");
  ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
  for (const int stops : {1, 2}) {
    SCOPED_TRACE(stops);
    const std::string grace = stops == 1 ? "0.2" : "1000";
    ProgramOptions how = client({STAPSH_CLIENT, "--grace=" + grace, "--stap", stubborn, "--stapsh", STAPSH_AGENT,
                                 "--remote", "stapsh:", stap_.one()});
    how.env.push_back("READY=" + ready);
    Program rstap(how);
    Program waiting(options({"cat", ready}));
    ASSERT_TRUE(waiting.wait_for_out("up"));
    rstap.send_signal(SIGINT);
    if (stops == 2) {
      rstap.send_signal(SIGUSR1);  // Answered after the first one was.
      ASSERT_TRUE(rstap.wait_for_err("stopping"));
      rstap.send_signal(SIGINT);
    }
    EXPECT_EQ(rstap.wait_exit(), 128 + SIGINT) << rstap.captured();
    expect_nothing_left();
  }
}

// A script around stap dies of a signal that what it started takes its time for. (bash, since dash can lose a trap
// while it starts a program.)
TEST_F(RstapBadInput, StopEndsWhatABuildStarted) {
  const std::string wrapper = scratch_.write("wrapped-stap",
                                             "#!/bin/bash\n"
                                             "(trap 'echo cleaned > \"$READY.late\"; trap \"\" TERM' TERM\n"
                                             "echo up > \"$READY\"; while :; do sleep 0.1; done)\n"
                                             "echo done\n",
                                             0755);
  const std::string ready = scratch_.path("ready");
  ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
  ProgramOptions how = client(
      {STAPSH_CLIENT, "--grace=1", "--stap", wrapper, "--stapsh", STAPSH_AGENT, "--remote", "stapsh:", stap_.one()});
  how.env.push_back("READY=" + ready);
  Program rstap(how);
  Program waiting(options({"cat", ready}));
  ASSERT_TRUE(waiting.wait_for_out("up"));
  rstap.send_signal(SIGINT);
  EXPECT_EQ(rstap.wait_exit(), 128 + SIGINT) << rstap.captured();
  EXPECT_EQ(read_file(ready + ".late"), "cleaned\n") << "it had no time";
  expect_nothing_left();
}

// Something that a build left running, with its standard error.
TEST_F(RstapBadInput, BuildIsNotWaitedForLongerThanItRuns) {
  const std::string leaving = scratch_.write("leaving-stap",
                                             "#!/bin/sh\n"
                                             "sleep 1000 &\n"
                                             "echo $! > \"$LEFT\"\n"
                                             "echo 'semantic error: this one' >&2\n"
                                             "exit 1\n",
                                             0755);
  const std::string left = scratch_.path("left");
  ProgramOptions how =
      client({STAPSH_CLIENT, "--stap", leaving, "--stapsh", STAPSH_AGENT, "--remote", "stapsh:", stap_.one()});
  how.env.push_back("LEFT=" + left);
  Program rstap(how);
  EXPECT_TRUE(rstap.wait_gone()) << rstap.captured();
  EXPECT_EQ(::kill(std::stoi(read_file(left)), SIGKILL), 0);
  EXPECT_EQ(rstap.wait_exit(), 1);
  EXPECT_NE(rstap.err().find("semantic error: this one"), std::string::npos) << rstap.captured();
}

TEST_F(RstapBadInput, StandardOutputThatIsClosedLosesNothingInSilence) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--remote", "stapsh:", stap_.one()}, {"--version"}}) {
    ProgramOptions how = this->rstap(words);
    how.argv.insert(how.argv.begin(), {"/bin/sh", "-c", "exec \"$@\" >&-", "sh"});
    Program rstap(how);
    EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
    EXPECT_NE(rstap.err().find("Bad file descriptor"), std::string::npos) << rstap.captured();
  }
}

}  // namespace
}  // namespace stapsh::real
