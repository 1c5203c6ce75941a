// SPDX-License-Identifier: Apache-2.0
// What is left of sessions whose agent, guardian or both were killed or stopped, and what can't fool or block who
// cleans up: whatever lies in a workspace, what others planted, whose processes carry a mark.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include "harness/agent_test.h"

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

// linux/fs.h can't be had beside sys/mount.h.
constexpr unsigned long kGetFlags = _IOR('f', 1, long);
constexpr unsigned long kSetFlags = _IOW('f', 2, long);
constexpr unsigned kImmutable = 0x10;

bool set_immutable(const std::string& path, bool on) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  unsigned flags = 0;
  const bool got = ::ioctl(fd, kGetFlags, &flags) == 0;
  flags = on ? flags | kImmutable : flags & ~kImmutable;
  const bool set = got && ::ioctl(fd, kSetFlags, &flags) == 0;
  (void)::close(fd);
  return set;
}

struct Stat {
  std::string name;
  char state = 'X';
  int parent = 0;
  std::string start;  // In ticks.
};

Stat stat_of(int pid) {
  Stat stat;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  int number = 0;
  file >> number >> stat.name >> stat.state >> stat.parent;
  std::string word;
  for (int field = 5; field <= 22 && file >> word; ++field) stat.start = word;
  return stat;
}

bool lives(int pid) {
  const char state = stat_of(pid).state;
  return state != 'X' && state != 'Z';
}

void kill_and_wait(int pid) {
  pollfd end{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0};
  ASSERT_GE(end.fd, 0);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(::poll(&end, 1, static_cast<int>(kBound.count())), 1);
  (void)::close(end.fd);
}

class AgentRemains : public AgentTest {
 protected:
  struct Running {
    int agent = 0, guardian = 0, runner = 0;
    std::string workspace;
  };

  /// A session whose runner waits for ever, with what else `steps` do.
  Running begin(Program& program, const std::string& steps = "") {
    EXPECT_TRUE(program.write("stap 4.8\noption data\nfile 3 x.ko\nabcrun " + steps + " parent say:up forever\n"));
    EXPECT_TRUE(program.wait_for_out("up\n"));
    Running running;
    const std::string out = program.out();
    running.agent = std::stoi(out.substr(out.find("parent ") + 7));
    const auto found = [&] {
      for (const auto& entry : fs::directory_iterator("/proc")) {
        const int pid = std::atoi(entry.path().filename().c_str());
        const Stat stat = pid > 0 ? stat_of(pid) : Stat();
        if (stat.parent != running.agent) continue;
        if (stat.name == "(stapsh-guardian)") running.guardian = pid;
        if (stat.name == "(staprun)") running.runner = pid;
      }
      return running.guardian != 0 && running.runner != 0;
    };
    if (!becomes_true(found)) throw HarnessError("no guardian, or no runner: " + out);
    running.workspace = fs::read_symlink("/proc/" + std::to_string(running.runner) + "/cwd").string();
    return running;
  }
  /// Together, so that neither can clean up.
  static void kill_both(const Running& running) {
    ASSERT_EQ(::kill(running.agent, SIGSTOP), 0);
    kill_and_wait(running.guardian);
    kill_and_wait(running.agent);
  }

  ProgramOptions sweeper(std::vector<std::string> env = {}) const {
    ProgramOptions how = agent();
    how.env.insert(how.env.end(), env.begin(), env.end());
    return how;
  }
  static Session sweep(const ProgramOptions& how) { return talk(how, "stap 4.8\nsweep\nquit\n"); }
  /// After what there is to say about it.
  void expect_swept(const std::string& answer) {
    const std::string out = sweep(sweeper()).out;
    EXPECT_TRUE(out == answer || (out.ends_with("\n" + answer) && out.starts_with("stapsh: sweep: "))) << out;
  }

  /// A workspace as an agent of before left it, with that record in it.
  std::string plant(const std::string& record) const {
    const std::string workspace = scratch_.tmp() + "/stapsh.F0rged0000";
    EXPECT_EQ(::mkdir(workspace.c_str(), 0700), 0);
    std::ofstream(workspace + "/.stapsh-workspace").flush();
    std::ofstream(workspace + "/.session") << record;
    return workspace;
  }
  static std::string own_pid_namespace() {
    const std::string link = fs::read_symlink("/proc/self/ns/pid").string();
    return link.substr(5, link.size() - 6);
  }
};

// --- The evidence goes last.

// Its marker and its record went first: no later sweep took it for a session's.
TEST_F(AgentRemains, WhatCannotBeRemovedIsFoundByEachLaterSweep) {
  Program program(agent());
  const Running running = begin(program);
  const std::string stays = running.workspace + "/folder/stays";
  fs::create_directory(running.workspace + "/folder");
  std::ofstream(stays) << "x";
  if (!set_immutable(stays, true)) GTEST_SKIP() << "cannot make a file immutable here";
  program.close_input();
  (void)program.wait_exit();
  EXPECT_NE(program.err().find(running.workspace + ": folder/stays (immutable; chattr -i)"), std::string::npos)
      << program.err();
  for (int time = 0; time < 2; ++time) {
    const Session session = sweep(sweeper());
    EXPECT_EQ(session.out, "stapsh: sweep: " + running.workspace + ": still there: directory " + running.workspace +
                               "\nOK removed=0 left=1\n");
  }
  ASSERT_TRUE(set_immutable(stays, false));
  expect_swept("OK removed=1 left=0\n");
}

TEST_F(AgentRemains, MountInAWorkspaceIsNamedAndLeft) {
  Program program(agent());
  const Running running = begin(program);
  fs::create_directory(running.workspace + "/mounted");
  Program mount(options({"nsenter", "-t", std::to_string(running.agent), "-m", "mount", "-t", "tmpfs", "x",
                         running.workspace + "/mounted"}));
  ASSERT_EQ(mount.wait_exit(), 0) << mount.captured();
  ASSERT_TRUE(program.write("quit\n"));
  (void)program.wait_exit();
  EXPECT_NE(program.err().find("mounted (a mount point)"), std::string::npos) << program.err();
  // With the agent its mount namespace has gone, and so has the mount.
  expect_swept("OK removed=1 left=0\n");
}

TEST_F(AgentRemains, DeepTreeIsRemoved) {
  Program program(agent());
  const Running running = begin(program);
  std::string deep = running.workspace;
  for (int depth = 0; depth < 200; ++depth) deep += "/d";
  fs::create_directories(deep);
  program.close_input();
  EXPECT_TRUE(program.wait_gone());
}

// --- Records are not taken from a folder that others share.

// A container's root put such a workspace into a shared /tmp: the host's sweep killed what it named.
TEST_F(AgentRemains, ForgedRecordInASharedFolderEndsNothing) {
  Program victim(options({"sleep", "1000"}));
  ASSERT_TRUE(becomes_true([&] { return stat_of(victim.pid()).name == "(sleep)"; }));
  const std::string who = std::to_string(victim.pid()) + " " + stat_of(victim.pid()).start;
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  for (const std::string& tail :
       {boot + " - own " + own_pid_namespace(), boot + " - own 0", std::string("unknown "), std::string("unknown x")}) {
    SCOPED_TRACE(tail);
    const std::string workspace = plant("stapsh-session-1 " + who + " " + who + " 9 100 " + tail + "\n");
    const Session session = sweep(sweeper());
    EXPECT_EQ(session.out, "stapsh: sweep: " + workspace +
                               ": its files were removed; no record says what else it had\nOK removed=1 left=0\n");
    ASSERT_TRUE(victim.running());
  }
}

TEST_F(AgentRemains, RecordLeadsToItsWorkspaceWhereverTmpdirWas) {
  const std::string elsewhere = scratch_.make_folder("elsewhere");
  ProgramOptions how = agent();
  how.env.push_back("TMPDIR=" + elsewhere);
  Program program(how);
  const Running running = begin(program);
  EXPECT_TRUE(running.workspace.starts_with(elsewhere));
  kill_both(running);
  expect_swept("OK removed=1 left=0\n");
  EXPECT_FALSE(lives(running.runner));
  EXPECT_TRUE(fs::is_empty(elsewhere));
}

TEST_F(AgentRemains, RecordWithoutItsWorkspaceStillLeadsToTheRunner) {
  Program program(agent());
  const Running running = begin(program);
  kill_both(running);
  fs::remove_all(running.workspace);
  expect_swept("OK removed=1 left=0\n");
  EXPECT_FALSE(lives(running.runner));
  expect_swept("OK removed=0 left=0\n");
}

// It was taken for one that is gone: `removed`, and it stayed.
TEST_F(AgentRemains, RecordedWorkspaceThatCannotBeTakenOverIsLeft) {
  const std::vector<std::function<void(const std::string&)>> things{
      [](const std::string& path) { fs::rename(path + "/.stapsh-workspace", path + "/renamed"); },
      [](const std::string& path) { ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0); },
  };
  for (const auto& spoil : things) {
    SCOPED_TRACE(std::to_string(&spoil - things.data()));
    Program program(agent());
    const Running running = begin(program);
    kill_both(running);
    spoil(running.workspace);
    for (int time = 0; time < 2; ++time) expect_swept("OK removed=0 left=1\n");
    EXPECT_FALSE(lives(running.runner));
    fs::remove_all(running.workspace);
    expect_swept("OK removed=1 left=0\n");
  }
}

class WithoutRecords : public AgentRemains {
 protected:
  WithoutRecords() { mounts_.read_only_run(); }
};

TEST_F(WithoutRecords, GuardianOfAKilledAgentStillEndsAll) {
  Program program(agent());
  const Running running = begin(program, "stubborn");
  kill_and_wait(running.agent);
  EXPECT_TRUE(becomes_true([&] { return !lives(running.guardian); }));
  EXPECT_FALSE(lives(running.runner));
  EXPECT_FALSE(fs::exists(running.workspace));
  EXPECT_EQ(program.err().find("record"), std::string::npos) << program.err();
}

TEST_F(WithoutRecords, SweepRemovesFilesAndEndsNobody) {
  Program program(agent());
  const Running running = begin(program);
  kill_both(running);
  expect_swept("OK removed=0 left=1\n");
  EXPECT_TRUE(lives(running.runner));
  EXPECT_TRUE(fs::exists(running.workspace));
  kill_and_wait(running.runner);
  expect_swept("OK removed=1 left=0\n");
}

TEST_F(AgentRemains, FolderOfRecordsThatIsOpenToOthersIsNotUsed) {
  ASSERT_EQ(::chmod(scratch_.records().c_str(), 0777), 0);
  Program program(agent());
  const Running running = begin(program);
  EXPECT_TRUE(program.wait_for_err("/run/stapsh: is open to other users"));
  EXPECT_TRUE(fs::is_empty(scratch_.records()));
  kill_and_wait(running.agent);
  EXPECT_TRUE(becomes_true([&] { return !lives(running.guardian); }));
  EXPECT_FALSE(lives(running.runner));
}

// --- Whatever lies in a workspace.

// A FIFO held the guardian, and the sweep, for good, and the runner lived on.
TEST_F(AgentRemains, NothingInAWorkspaceHoldsWhoCleansUp) {
  const std::vector<std::function<void(const std::string&)>> things{
      [](const std::string& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); },
      [](const std::string& path) { fs::create_directory(path); },
      [](const std::string& path) { fs::create_symlink("/dev/zero", path); },
      [](const std::string& path) { ASSERT_EQ(::mknod(path.c_str(), S_IFCHR | 0600, 0x0105), 0); },  // As /dev/zero.
      [](const std::string& path) {
        std::ofstream(path) << "x";
        fs::resize_file(path, 10'000'000'000);
      },
      [](const std::string& path) { std::ofstream(path) << "stapsh-session-1 1 1 1 1 9 100 unknown x\n"; },
  };
  for (const bool both : {false, true}) {
    for (const auto& put : things) {
      SCOPED_TRACE(std::to_string(&put - things.data()) + (both ? " and a sweep" : " and the guardian"));
      Program program(agent());
      const Running running = begin(program);
      (void)::unlink((running.workspace + "/.session").c_str());
      put(running.workspace + "/.session");
      if (both) {
        kill_both(running);
        expect_swept("OK removed=1 left=0\n");
      } else {
        kill_and_wait(running.agent);
        EXPECT_TRUE(becomes_true([&] { return !lives(running.guardian); }));
      }
      EXPECT_FALSE(lives(running.runner));
      EXPECT_FALSE(fs::exists(running.workspace));
      if (HasFailure()) return;
    }
  }
}

// The same where no record of ours speaks of the workspace, so that what lies in it is looked at.
TEST_F(AgentRemains, NothingInAnUnrecordedWorkspaceHoldsASweep) {
  for (const char* name : {".session", ".stapsh-workspace"}) {
    SCOPED_TRACE(name);
    const std::string workspace = plant("x");
    (void)::unlink((workspace + "/" + name).c_str());
    ASSERT_EQ(::mkfifo((workspace + "/" + name).c_str(), 0600), 0);
    const bool is_marker = std::string(name) != ".session";
    expect_swept(is_marker ? "OK removed=0 left=0\n" : "OK removed=1 left=0\n");  // Without a marker it is somebody's.
    fs::remove_all(workspace);
  }
}

// --- Marks of other users' processes.

// 32 of them that respawned kept the guardian busy for 17 s, until it gave up.
TEST_F(AgentRemains, AnotherUsersProcessesThatCarryTheMarkAreNotOurs) {
  Program program(agent());
  const Running running = begin(program, "stubborn");
  const std::string mark = "STAPSH_SESSION=" + running.workspace;
  Program other(
      options({"env", mark, "setpriv", "--reuid=65534", "--clear-groups", "sh", "-c",
               "i=0; while [ $i -lt 32 ]; do (while :; do sleep 0.3; done) & i=$((i+1)); done; echo up; wait"}));
  oracle_.allow_helper(other.pid());
  ASSERT_TRUE(other.wait_for_out("up\n"));
  kill_and_wait(running.agent);
  EXPECT_TRUE(becomes_true([&] { return !lives(running.guardian); }, std::chrono::seconds(8)));
  EXPECT_FALSE(lives(running.runner));
  EXPECT_FALSE(fs::exists(running.workspace));
  EXPECT_TRUE(other.running());
  other.send_group_signal(SIGKILL);
  EXPECT_TRUE(other.wait_gone());
}

// --- Stopped processes.

TEST_F(AgentRemains, GuardianThatIsStoppedGoesOn) {
  Program program(agent());
  const Running running = begin(program);
  for (int time = 0; time < 3; ++time) {
    ASSERT_EQ(::kill(running.guardian, SIGSTOP), 0);
    EXPECT_TRUE(becomes_true([&] { return stat_of(running.guardian).state == 'S'; }));
  }
  EXPECT_TRUE(lives(running.agent));
  ASSERT_TRUE(program.write("quit\n"));
  EXPECT_EQ(program.wait_exit(), 128 + SIGHUP) << program.captured();
}

TEST_F(AgentRemains, StoppedGuardianOfAKilledAgentCleansUp) {
  Program program(agent());
  const Running running = begin(program);
  ASSERT_EQ(::kill(running.agent, SIGSTOP), 0);  // It would have it go on.
  ASSERT_TRUE(becomes_true([&] { return stat_of(running.agent).state == 'T'; }));
  ASSERT_EQ(::kill(running.guardian, SIGSTOP), 0);
  ASSERT_TRUE(becomes_true([&] { return stat_of(running.guardian).state == 'T'; }));
  kill_and_wait(running.agent);
  EXPECT_TRUE(becomes_true([&] { return !lives(running.guardian); }));
  EXPECT_FALSE(lives(running.runner));
  EXPECT_FALSE(fs::exists(running.workspace));
}

// Nobody heard its client, or stopped its runner.
TEST_F(AgentRemains, AgentThatIsStoppedIsEndedByItsGuardian) {
  Program program(agent());
  const Running running = begin(program);
  ASSERT_EQ(::kill(running.agent, SIGSTOP), 0);
  program.close_input();
  EXPECT_TRUE(becomes_true([&] { return !lives(running.guardian); }, std::chrono::seconds(60)));
  EXPECT_FALSE(lives(running.agent));
  EXPECT_FALSE(lives(running.runner));
  EXPECT_FALSE(fs::exists(running.workspace));
}

}  // namespace
}  // namespace stapsh::real
