// SPDX-License-Identifier: Apache-2.0
// How sessions of the built agent end: the right code, nobody left alive, nothing left on the disk.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "harness/agent_test.h"
#include "harness/kernel_folder.h"
#include "harness/site.h"

namespace stapsh::real {
namespace {

class AgentExit : public AgentTest {
 protected:
  /// Nobody else's, in whatever pid namespace.
  std::string own_name() const { return std::filesystem::path(scratch_.root()).filename().string(); }
  /// What fake_runner's step `parent` said: the agent's pid.
  static int parent_said_in(const std::string& out) {
    const std::size_t at = out.find("parent ");
    if (at == std::string::npos) throw HarnessError("no parent in: " + out);
    return std::stoi(out.substr(at + 7));
  }
  // It takes its name in its own time, which nothing announces: look again soon.
  static int helper_of(int agent_pid, std::string_view of_name) {
    const auto until = std::chrono::steady_clock::now() + kBound;
    while (std::chrono::steady_clock::now() < until) {
      for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "stat");
        int pid = 0, parent = 0;
        std::string name;
        char state = 0;
        if (file >> pid >> name >> state >> parent && parent == agent_pid && name == of_name) return pid;
      }
      (void)::poll(nullptr, 0, 5);
    }
    throw HarnessError("no " + std::string(of_name));
  }
};

TEST_F(AgentExit, CodeIsTheRunnersOr128PlusItsSignal) {
  struct Case {
    std::string step;
    int want;
  };
  std::vector<Case> cases;
  for (const int code : {0, 1, 2, 3, 42, 77, 126, 127, 128, 129, 254, 255})
    cases.push_back({"exit:" + std::to_string(code), code});
  for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGRTMIN})
    cases.push_back({"die:" + std::to_string(signo), 128 + signo});
  for (const char* mode : {"", "option data\noption exit\n"}) {
    for (const Case& c : cases) {
      SCOPED_TRACE(mode + c.step);
      const Session session = talk(agent(), std::string("stap 4.8\n") + mode + "run " + c.step + "\n");
      EXPECT_EQ(session.code, c.want);
      const std::string framed = "OK\nOK\nOK\nexit " + std::to_string(c.want) + "\nquit\n";
      EXPECT_EQ(session.out, *mode == '\0' ? "OK\n" : framed);
    }
  }
}

// A runner that ignores SIGHUP was waited for, for ever.
TEST_F(AgentExit, RunnerThatIgnoresItsStopSignalIsEscalated) {
  const struct {
    const char* steps;
    int want;
  } cases[] = {
      {"ignore:1 say:up forever", 128 + SIGTERM},
      {"ignore:1 ignore:15 say:up forever", 128 + SIGKILL},
      {"say:up forever", 128 + SIGHUP},
  };
  for (const char* mode : {"", "option data\n"}) {
    for (const auto& c : cases) {
      SCOPED_TRACE(std::string(mode) + c.steps);
      Program agent(this->agent());
      ASSERT_TRUE(agent.write(std::string("stap 4.8\n") + mode + "file 3 x.ko\nabcrun " + c.steps + "\n"));
      ASSERT_TRUE(agent.wait_for_out("up\n"));
      ASSERT_TRUE(agent.write("quit\n"));
      EXPECT_EQ(agent.wait_exit(), c.want) << agent.captured();
      expect_nothing_left();
    }
  }
}

// It was 0.
TEST_F(AgentExit, WhatCannotBeWrittenIsAnError) {
  const struct {
    const char* commands;
    int want;
  } cases[] = {{"stap 4.8\n", 1},
               {"stap 1.4\n", 1},
               {"stap 4.8\noption data\noption exit\n", 1},
               {"stap 4.8\nrun exit:7\n", 127}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.commands);
    ProgramOptions how = agent();
    how.argv = options({"sh", "-c", "exec \"$0\" --grace 0.2 >/dev/full", agent_program()}, &mounts_).argv;
    Program agent(how);
    ASSERT_TRUE(agent.write(c.commands));
    agent.close_input();
    EXPECT_EQ(agent.wait_exit(), c.want) << agent.captured();
    EXPECT_TRUE(agent.wait_for_err("No space left on device"));
    expect_nothing_left();
  }
}

TEST_F(AgentExit, SecondAndThirdQuitCutTheGraceShort) {
  Program agent(this->agent(Input::kPipe, {"--grace", "1000"}));
  ASSERT_TRUE(agent.write("stap 4.8\nrun ignore:1 ignore:15 say:up forever\n"));
  ASSERT_TRUE(agent.wait_for_out("up\n"));
  ASSERT_TRUE(agent.write("quit\nquit\nquit\n"));
  EXPECT_EQ(agent.wait_exit(), 137) << agent.captured();
}

TEST_F(AgentExit, SlowEndProbeThatPrintsIsGivenItsTime) {
  // Twice the grace time in all, but never silent for more than an eighth of it.
  Program agent(this->agent(Input::kPipe, {"--grace", "0.4"}));
  ASSERT_TRUE(agent.write("stap 4.8\noption data\nrun catch:1 say:up pause drip:16x50 exit:3\n"));
  ASSERT_TRUE(agent.wait_for_out("up\n"));
  ASSERT_TRUE(agent.write("quit\n"));
  EXPECT_EQ(agent.wait_exit(), 3) << agent.captured();
  EXPECT_TRUE(agent.wait_for_out_times("drip\n", 16));
}

// Grandchildren always stayed.
TEST_F(AgentExit, WhatTheRunnerStartedEndsWithTheSession) {
  for (const char* steps : {"child say:up forever", "stubborn say:up forever", "child stubborn child say:up exit:0"}) {
    for (const char* mode : {"", "option data\n"}) {
      SCOPED_TRACE(std::string(mode) + steps);
      Program agent(this->agent());
      ASSERT_TRUE(agent.write(std::string("stap 4.8\n") + mode + "file 1 x.ko\nxrun " + steps + "\n"));
      ASSERT_TRUE(agent.wait_for_out("up\n"));
      agent.close_input();
      EXPECT_TRUE(agent.wait_gone());
      expect_nothing_left();
    }
  }
}

TEST_F(AgentExit, SignalToTheAgentCleansUp) {
  for (const int signo : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE}) {
    for (const char* run : {"", "run say:up forever\n", "run ignore:1 ignore:15 say:up forever\n"}) {
      SCOPED_TRACE(std::to_string(signo) + " " + run);
      Program agent(this->agent());
      ASSERT_TRUE(agent.write("stap 4.8\noption data\nfile 3 x.ko\nabc" + std::string(run)));
      ASSERT_TRUE(agent.wait_for_out(*run == '\0' ? "OK\nOK\n" : "up\n"));
      agent.send_signal(signo);
      (void)agent.wait_exit();
      expect_nothing_left();
    }
  }
}

TEST_F(AgentExit, InputThatEndsAnywhereLeavesNothing) {
  const std::string session = "stap 4.8\noption data\nfile 5 x.ko\nabcderun forever\n";
  for (std::size_t size = 0; size <= session.size(); size++) {
    SCOPED_TRACE(size);
    Program agent(this->agent());
    ASSERT_TRUE(agent.write(session.substr(0, size)));
    agent.close_input();
    EXPECT_NE(agent.wait_exit(), -1);
    if (HasFailure()) return;
  }
}

TEST_F(AgentExit, ListenerThatIsShortOfDescriptorsGoesOn) {
  const std::string path = scratch_.path("agent.sock");
  ProgramOptions without = this->agent(Input::kNull, {"--grace", "0.2", "--listen", "unix:" + path});
  without.env.emplace_back("ASAN_OPTIONS=detect_leaks=0");  // The search for leaks opens files.
  Program agent(without);
  wait_for_socket(path, agent);
  rlimit before{};
  ASSERT_EQ(::prlimit(agent.pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit few{3, before.rlim_max};
  ASSERT_EQ(::prlimit(agent.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  ProgramOptions how = options({"socat", "STDIO", "UNIX-CONNECT:" + path});
  how.input = Input::kPipe;
  Program client(how);
  ASSERT_TRUE(client.write("stap 4.8\nrun exit:0\n"));
  EXPECT_TRUE(agent.wait_for_err("ulimit -n"));
  EXPECT_FALSE(client.wait_gone(Bound(700)));
  EXPECT_EQ(agent.err().find("ulimit -n"), agent.err().rfind("ulimit -n")) << "said more than once: " << agent.err();
  ASSERT_EQ(::prlimit(agent.pid(), RLIMIT_NOFILE, &before, nullptr), 0);
  EXPECT_EQ(client.wait_exit(), 0) << client.captured();
  EXPECT_EQ(after_hello(client.out()), "OK\n");
  ASSERT_EQ(::prlimit(agent.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  Program second(how);
  ASSERT_TRUE(second.write("stap 4.8\n"));
  EXPECT_FALSE(second.wait_gone(Bound(100)));
  agent.send_signal(SIGTERM);
  EXPECT_EQ(agent.wait_exit(), 0) << agent.captured();
}

// nohup(1).
TEST_F(AgentExit, ListenerHonoursAnIgnoredHangUp) {
  const std::string path = scratch_.path("agent.sock");
  ProgramOptions ignoring = agent(Input::kNull, {"--grace", "0.2", "--listen", "unix:" + path});
  ignoring.ignored_signals = {SIGHUP};
  Program agent(ignoring);
  wait_for_socket(path, agent);
  ProgramOptions how = options({"socat", "STDIO", "UNIX-CONNECT:" + path});
  how.input = Input::kPipe;
  Program client(how);
  ASSERT_TRUE(client.write("stap 4.8\noption data\nrun catch:1 say:up pause exit:3\n"));
  ASSERT_TRUE(client.wait_for_out("up\n"));
  agent.send_group_signal(SIGHUP);  // As from a terminal: to the sessions as well.
  EXPECT_FALSE(agent.wait_gone(Bound(200)));
  EXPECT_TRUE(client.write("signal 1\n"));
  EXPECT_TRUE(client.wait_for_out("caught 1\nquit\n"));
  EXPECT_EQ(client.out().find("caught 1"), client.out().rfind("caught 1"));
  EXPECT_EQ(client.wait_exit(), 0);
  agent.send_signal(SIGTERM);
  EXPECT_EQ(agent.wait_exit(), 0) << agent.captured();
}

// It was deaf for 30 seconds.
TEST_F(AgentExit, ReplyThatNobodyReadsKeepsItFromNothing) {
  for (const bool by_signal : {true, false}) {
    SCOPED_TRACE(by_signal);
    ProgramOptions how = agent();
    how.argv = options({"sh", "-c", "head -c 65536 /dev/zero; echo full >&2; exec \"$0\" --grace 1", agent_program()},
                       &mounts_)
                   .argv;
    how.read_output = false;
    Program agent(how);
    ASSERT_TRUE(agent.wait_for_err("full\n"));
    ASSERT_TRUE(agent.write("stap 4.8\nfile 3 x.ko\nabcrun say:up forever\n"));
    EXPECT_FALSE(agent.wait_gone(Bound(200)));
    if (by_signal) {
      agent.send_signal(SIGTERM);
    } else {
      agent.close_input();
    }
    EXPECT_TRUE(agent.wait_gone(Bound(6000)));
    expect_nothing_left();
  }
}

// Each line of junk was waited for 100 ms long.
TEST_F(AgentExit, ReportsThatNobodyReadsKeepItFromNothing) {
  // A pipe for standard error that is full, and stays open.
  const std::string fifo = scratch_.path("full");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const int reader = ::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  const std::string bytes(4096, 'x');
  while (::write(reader, bytes.data(), bytes.size()) > 0) {
  }
  ProgramOptions how = agent();
  how.argv =
      options({"sh", "-c", "exec \"$0\" --grace 0.2 --dialect=rfc 2>\"$1\"", agent_program(), fifo}, &mounts_).argv;
  Program agent(how);
  std::string junk = "stap 1.4\n";
  for (int i = 0; i < 20'000; i++) junk += "x\n";
  ASSERT_TRUE(agent.write(junk));
  ASSERT_TRUE(agent.wait_for_out("\n"));
  agent.send_signal(SIGTERM);
  EXPECT_TRUE(agent.wait_gone(Bound(3000)));
  (void)::close(reader);
}

// On a full disk, and where TMPDIR is no folder.
TEST_F(AgentExit, ErrorsOfThePlaceSayWhatToDo) {
  ProgramOptions how = agent();
  how.env.push_back("TMPDIR=/nope");
  const Session nowhere = talk(how, "stap 4.8\nfile 3 x.ko\nabcquit\n");
  EXPECT_NE(nowhere.out.find("/nope"), std::string::npos) << nowhere.out;
  EXPECT_NE(nowhere.out.find("TMPDIR"), std::string::npos) << nowhere.out;
  Program early(how);
  ASSERT_TRUE(early.write("stap 4.8\n"));
  EXPECT_TRUE(early.wait_for_err("cannot make a working directory (TMPDIR chooses another place): /nope: "));
  early.close_input();
  EXPECT_EQ(early.wait_exit(), 0);
  EXPECT_EQ(after_hello(early.out()), "");
  const std::string small = scratch_.make_folder("small");
  how = agent();
  how.argv =
      options({"sh", "-c", "mount -t tmpfs -o size=64k none \"$1\" && TMPDIR=\"$1\" && export TMPDIR && exec \"$0\"",
               agent_program(), small},
              &mounts_)
          .argv;
  const Session full = talk(how, "stap 4.8\nfile 100000 x.ko\n" + std::string(100'000, 'x') + "quit\n");
  EXPECT_NE(full.out.find("No space left on device, in " + small + "/stapsh."), std::string::npos) << full.out;
  EXPECT_NE(full.out.find("TMPDIR"), std::string::npos) << full.out;
}

TEST_F(AgentExit, ListeningAgentServesSeveralAtOnceAndRemovesItsSocket) {
  const std::string path = scratch_.path("agent.sock");
  Program agent(this->agent(Input::kNull, {"--grace", "0.2", "--listen", "unix:" + path}));
  const auto connect = [&] {
    ProgramOptions how = options({"socat", "STDIO", "UNIX-CONNECT:" + path + ",retry=200,interval=0.05"});
    how.input = Input::kPipe;
    return how;
  };
  Program first(connect()), second(connect());
  for (Program* client : {&first, &second}) {
    ASSERT_TRUE(client->write("stap 4.8\noption data\nfile 3 x.ko\nabcrun catch:1 say:up pause exit:0\n"));
    ASSERT_TRUE(client->wait_for_out("up\n"));
  }
  ASSERT_TRUE(first.write("quit\n"));
  ASSERT_TRUE(first.wait_for_out("caught 1\nquit\n"));
  EXPECT_EQ(first.wait_exit(), 0);
  EXPECT_TRUE(second.running());
  agent.send_signal(SIGTERM);  // Sessions that live are stopped as by their clients.
  EXPECT_TRUE(second.wait_for_out("caught 1\nquit\n"));
  (void)agent.wait_exit();
  struct stat info {};
  EXPECT_NE(::stat(path.c_str(), &info), 0) << "the socket's name is left";
}

// Linux before 5.9, or a seccomp filter that has never heard of it: the guardian kept its own leash, and the pipe to
// the client, open for ever.
TEST_F(AgentExit, GuardianWorksWithoutCloseRange) {
  ProgramOptions how = agent();
  how.argv.insert(how.argv.begin(), {"strace", "-f", "-qq", "-o", scratch_.path("strace"), "-e", "trace=close_range",
                                     "-e", "inject=close_range:error=ENOSYS", "--"});
  Program traced(how);
  ASSERT_TRUE(traced.write("stap 4.8\noption data\nfile 3 x.ko\nabcrun parent say:up forever\n"));
  ASSERT_TRUE(traced.wait_for_out("up\n"));
  ASSERT_EQ(::kill(parent_said_in(traced.out()), SIGKILL), 0);
  EXPECT_TRUE(traced.wait_ended());
}

// Each file was answered with an error of its own, and a sweep with "something is left", which clients asked 150 times.
TEST_F(AgentExit, WithoutProcessesItEndsWithOneReason) {
  for (const char* commands :
       {"file 3 x.ko\nabcfile 3 y.ko\nabcrun exit:0\n", "run exit:0\nsweep\n", "sweep\nsweep\n"}) {
    SCOPED_TRACE(commands);
    ProgramOptions how = agent();
    how.env.emplace_back("ASAN_OPTIONS=detect_leaks=0");  // The search for leaks starts a thread.
    how.argv = options({"strace", "-qq", "-o", scratch_.path("strace"), "-e",
                        "inject=clone,clone3,fork,vfork:error=EAGAIN", "--", agent_program()},
                       &mounts_)
                   .argv;
    const Session session = talk(how, std::string("stap 4.8\n") + commands);
    EXPECT_EQ(session.code, 1);
    EXPECT_TRUE(session.out.starts_with("ERROR: ")) << session.out;
    EXPECT_TRUE(
        session.out.ends_with("cannot fork: Resource temporarily unavailable; raise ulimit -u for the user of "
                              "stapsh, or pids.max of its control group\n"))
        << session.out;
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 1) << session.out;
    EXPECT_EQ(session.err, "");
    expect_nothing_left();
  }
}

// What a login script began before it executed us is not the session's: it was waited for, killed, and called clean.
TEST_F(AgentExit, ChildrenFromBeforeAreNotTheSessions) {
  const std::string pid_file = scratch_.path("before.pid");
  ProgramOptions how = agent(Input::kPipe, {"--grace", "60"});
  std::string command = "sleep 1000 & echo $! > " + pid_file + "; exec";
  for (const std::string& word : how.argv) command += " '" + word + "'";
  how.argv = {"/bin/bash", "-c", command};
  Program login(how);
  ASSERT_TRUE(login.write("stap 4.8\noption data\noption exit\noption proof\nfile 3 x.ko\nabcrun exit:0\n"));
  EXPECT_TRUE(login.wait_for_out("clean\nexit 0\nquit\n", std::chrono::seconds(40)));  // Within the grace time.
  int pid = 0;
  std::ifstream(pid_file) >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_EQ(::kill(pid, SIGKILL), 0) << "it was killed";
}

// Nor is what those leave behind, which comes to us as the runner's orphans do.
TEST_F(AgentExit, OrphansOfChildrenFromBeforeAreNotTheSessions) {
  if (scratch_.cgroup().empty()) GTEST_SKIP() << "needs a cgroup (version 2) that it may write to";
  const std::string pid_file = scratch_.path("orphan.pid"), go = scratch_.path("go");
  ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
  ProgramOptions how = agent(Input::kPipe, {"--grace", "60"});
  std::string command = "{ read < " + go + "; setsid sleep 1000 & echo $! > " + pid_file + "; } & exec";
  for (const std::string& word : how.argv) command += " '" + word + "'";
  how.argv = {"/bin/bash", "-c", command};
  Program login(how);
  ASSERT_TRUE(login.write("stap 4.8\noption data\noption exit\noption proof\nfile 3 x.ko\nabcrun say:up pause\n"));
  ASSERT_TRUE(login.wait_for_out("up\n"));
  std::ofstream(go) << "go\n";
  int pid = 0;
  ASSERT_TRUE(becomes_true([&] { return static_cast<bool>(std::ifstream(pid_file) >> pid); }));
  ASSERT_TRUE(login.write("quit\n"));
  EXPECT_TRUE(login.wait_for_out("clean\nexit 129\nquit\n", std::chrono::seconds(40)));
  ASSERT_GT(pid, 0);
  EXPECT_EQ(::kill(pid, SIGKILL), 0) << "it was killed";
}

constexpr const char* kProof = "stap 4.8\noption data\noption exit\noption proof\nfile 3 x.ko\nabc";

// The agent said `clean` and `exit 0`, and its own standard error that somebody was still there.
TEST_F(AgentExit, WhatSigkillDoesNotEndIsNamedWhateverItMadeOfItself) {
  const KernelFolder freezer("/sys/fs/cgroup/freezer/" + own_name());
  if (!freezer.made()) GTEST_SKIP() << "needs root and /sys/fs/cgroup/freezer (cgroup v1)";
  // State D may be work that the kernel does for it, and is given time.
  Program agent(this->agent(Input::kPipe, {"--grace", "0.2", "--stop-limit", "6"}));
  ASSERT_TRUE(agent.write(std::string(kProof) + "run hidden say:up pause\n"));
  ASSERT_TRUE(agent.wait_for_out("up\n"));
  const std::string out = agent.out();
  const std::string pid = std::to_string(std::stoi(out.substr(out.find("child ") + 6)));
  ASSERT_TRUE(freezer.set("cgroup.procs", pid));
  ASSERT_TRUE(freezer.set("freezer.state", "FROZEN"));
  ASSERT_TRUE(agent.write("quit\n"));
  EXPECT_EQ(agent.wait_exit(), 137) << agent.captured();
  EXPECT_NE(agent.out().find("\nleft process " + pid + "\n"), std::string::npos) << agent.captured();
  EXPECT_NE(agent.out().find("\nleft directory "), std::string::npos) << agent.captured();
  EXPECT_NE(agent.out().find("\nexit 137\nquit\n"), std::string::npos) << agent.captured();
  EXPECT_EQ(agent.out().find("clean"), std::string::npos) << agent.captured();
  ASSERT_TRUE(freezer.set("freezer.state", "THAWED"));
  Program sweeper(this->agent());
  ASSERT_TRUE(sweeper.write("stap 4.8\nsweep\n"));
  EXPECT_TRUE(sweeper.wait_for_out("removed=1 left=0\n"));
}

// Nothing but the cgroup tells whose it is, when its agent is dead.
TEST_F(AgentExit, GuardianFindsByTheCgroupWhoClearedItsEnvironment) {
  if (scratch_.cgroup().empty()) GTEST_SKIP() << "needs a cgroup (version 2) that it may write to";
  Program agent(this->agent());
  ASSERT_TRUE(agent.write(std::string(kProof) + "run parent hidden say:up forever\n"));
  ASSERT_TRUE(agent.wait_for_out("up\n"));
  ASSERT_EQ(::kill(parent_said_in(agent.out()), SIGKILL), 0);
  EXPECT_TRUE(agent.wait_gone());
  expect_nothing_left();
}

// A runner that left something behind there was called clean.
TEST_F(AgentExit, WithoutProcItIsUnknownWhatIsLeft) {
  if (STAPSH_SANITIZED != 0) GTEST_SKIP() << "sanitizers need /proc";
  const std::string root = scratch_.make_folder("root");
  for (const char* folder : {"/bin", "/usr", "/usr/bin", "/tmp", "/dev"})
    std::filesystem::create_directory(root + folder);
  std::filesystem::copy(agent_program(), root + "/bin/stapsh");
  for (const char* runner : {"staprun", "stapbpf"})
    std::filesystem::copy(STAPSH_FAKE_RUNNER, root + "/usr/bin/" + runner);
  ProgramOptions how = this->agent();
  how.argv =
      options({"sh", "-c",
               "r=$1; shift; touch $r/dev/null; mount --bind /dev/null $r/dev/null; for d in lib lib64 usr/lib; do "
               "test -d /$d && mkdir -p $r/$d && mount --rbind /$d $r/$d; done; "
               "export TMPDIR=/tmp; exec chroot $r \"$@\"",
               "sh", root, "/bin/stapsh", "--grace", "0.2"},
              &mounts_)
          .argv;
  const std::string bpf = "stap 4.8\noption data\noption exit\noption proof\noption bpf\n";
  // That nobody is left is the kernel's word.
  EXPECT_EQ(talk(how, bpf + "run exit:3\n").out, "OK\nOK\nOK\nOK\nOK\nclean\nexit 3\nquit\n");
  const Session left = talk(how, bpf + "run stubborn exit:3\n");
  EXPECT_NE(left.out.find("\nleft unknown no /proc\nleft directory /tmp/stapsh."), std::string::npos) << left.out;
  EXPECT_EQ(left.out.find("clean"), std::string::npos) << left.out;
  EXPECT_EQ(left.code, 137);
  EXPECT_EQ(oracle_.left(Bound(0)).size(), 1U) << "it was ended, and may be called clean";
  // Whether a module is loaded can't be looked at either.
  const Session module = talk(how, std::string(kProof) + "run exit:0\n");
  EXPECT_NE(module.out.find("\nleft unknown no /proc\n"), std::string::npos) << module.out;
}

// An empty directory stayed, and `clean` was said.
TEST_F(AgentExit, WithHardlyAnyDescriptorsCleanIsSaidOnlyOfWhatIs) {
  for (int descriptors = 6; descriptors < 26; descriptors++) {
    SCOPED_TRACE(descriptors);
    ProgramOptions how = agent();
    how.argv = options({"sh", "-c", "ulimit -n \"$1\"; shift; exec \"$0\" --grace 0.2", agent_program(),
                        std::to_string(descriptors)},
                       &mounts_)
                   .argv;
    how.env.emplace_back("ASAN_OPTIONS=detect_leaks=0");  // The search for leaks opens files.
    Program agent(how);
    (void)agent.write(std::string(kProof) + "run child exit:0\n");
    agent.close_input();
    EXPECT_NE(agent.wait_exit(), -1);
    const bool said_clean = agent.out().find("clean\n") != std::string::npos;
    const bool said_left = agent.out().find("\nleft ") != std::string::npos;
    EXPECT_FALSE(said_clean && said_left) << agent.captured();
    if (said_left) {
      (void)oracle_.left(Bound(0));  // Ends the processes.
      EXPECT_EQ(talk(this->agent(), "stap 4.8\nsweep\nquit\n").code, 0);
    }
    expect_nothing_left();
    if (HasFailure()) {
      ADD_FAILURE() << agent.captured();
      return;
    }
  }
}

// Two of five ended as `clean` while the storm went on.
TEST_F(AgentExit, ForkStormIsEndedOrNamed) {
  const KernelFolder judge("/sys/fs/cgroup/pids/" + own_name());
  if (!judge.made()) GTEST_SKIP() << "needs root and /sys/fs/cgroup/pids (cgroup v1)";
  ASSERT_TRUE(judge.set("pids.max", "120"));
  for (const char* kernel : {"", "umount -a -t cgroup2; "}) {
    SCOPED_TRACE(kernel);
    for (int i = 0; i < 3; i++) {
      ProgramOptions how = agent();
      how.argv = options({"sh", "-c",
                          std::string(kernel) + "echo $$ > " + judge.path() + "/cgroup.procs; exec \"$0\" --grace 0.2",
                          agent_program()},
                         &mounts_)
                     .argv;
      Program agent(how);
      ASSERT_TRUE(agent.write(std::string(kProof) + "run storm:100 say:up forever\n"));
      ASSERT_TRUE(agent.wait_for_out("up\n"));
      ASSERT_TRUE(agent.write("quit\n"));
      EXPECT_NE(agent.wait_exit(), -1) << agent.captured();
      const bool clean = agent.out().find("clean\n") != std::string::npos;
      const bool left = agent.out().find("left process ") != std::string::npos;
      EXPECT_NE(clean, left) << agent.captured();
      EXPECT_TRUE(clean || *kernel != '\0') << agent.captured();
      EXPECT_TRUE(!clean || judge.processes().empty());
      if (HasFailure()) return;
    }
  }
}

// A dead session that takes its time to end kept whoever swept it from hearing anything else.
TEST_F(AgentExit, SweepOfASlowSessionHoldsNobody) {
  Program dead(agent());
  ASSERT_TRUE(
      dead.write("stap 4.8\noption data\noption grace=1000\nfile 3 x.ko\nabcrun parent ignore:1 say:up forever\n"));
  ASSERT_TRUE(dead.wait_for_out("up\n"));
  const int agent_pid = parent_said_in(dead.out());
  const int guardian = helper_of(agent_pid, "(stapsh-guardian)");
  ASSERT_EQ(::kill(agent_pid, SIGSTOP), 0);  // So that both are dead together.
  ASSERT_EQ(::kill(guardian, SIGKILL), 0);
  ASSERT_EQ(::kill(agent_pid, SIGKILL), 0);
  EXPECT_TRUE(dead.wait_gone());

  Program sweeper(agent());
  ASSERT_TRUE(sweeper.write("stap 4.8\nsweep\n"));
  ASSERT_TRUE(sweeper.wait_for_out("stapsh "));
  (void)helper_of(sweeper.pid(), "(stapsh-sweep)");  // It has begun; an agent that is told to stop begins none.
  sweeper.send_signal(SIGTERM);
  EXPECT_TRUE(sweeper.wait_gone(std::chrono::seconds(8)));
  expect_nothing_left(std::chrono::seconds(40));  // The sweep goes on, and does not wait for 1000 seconds.
}

}  // namespace
}  // namespace stapsh::real
