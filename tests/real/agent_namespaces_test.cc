// SPDX-License-Identifier: Apache-2.0
// Agents in pid namespaces of their own that share a TMPDIR, as containers do, and some of them /run as well: what a
// dead session of one of them left, and what the others make of it.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>

#include "harness/agent_test.h"

namespace stapsh::real {
namespace {

class AgentNamespaces : public AgentTest {
 protected:
  void SetUp() override {
    AgentTest::SetUp();
    if (IsSkipped()) return;
    Program probe({.argv = {"/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "/bin/true"}, .env = {}});
    if (probe.wait_exit() != 0) GTEST_SKIP() << "needs to make pid namespaces (CAP_SYS_ADMIN)";
  }

  /// `count` agents, one after the other, in one new pid namespace, which lives as long as the program. `own_run`: with
  /// a /run of its own, as most containers have.
  ProgramOptions container(int count, bool own_run = false) const {
    std::string script;
    if (own_run) script += "mount -t tmpfs -o mode=755 run /run; ";
    for (int i = 0; i < count; i++) script += "\"$0\" --grace 0.2; ";
    ProgramOptions how = options(
        {"unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script + "exit $?", agent_program()}, &mounts_);
    how.input = Input::kPipe;
    return how;
  }
  /// A container of one agent that makes its pid namespace when a line tells it to, and says that one's number. (Mount
  /// namespaces have numbers of the same store: it has made its own by the time that it says "ready".)
  ProgramOptions container_when_told() const {
    const std::string inside = "mount -t proc proc /proc; readlink /proc/self/ns/pid; \"$0\" --grace 0.2; exit $?";
    ProgramOptions how =
        options({"unshare", "--mount", "sh", "-c",
                 "echo ready; read -r line; exec unshare --pid --fork sh -c \"$1\" \"$0\"", agent_program(), inside},
                &mounts_);
    how.input = Input::kPipe;
    return how;
  }
  static void start_session(Program& container) {
    ASSERT_TRUE(container.write("stap 4.8\noption data\nfile 3 x.ko\nabcrun say:up forever\n"));
    ASSERT_TRUE(container.wait_for_out("up\n"));
  }
  /// The descendant of `ancestor` that has that name, by the number that we know it by.
  static int named_below(int ancestor, const std::string& wanted) {
    std::map<int, int> parents;
    std::map<int, std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "stat");
      int pid = 0, parent = 0;
      std::string name;
      char state = 0;
      if (!(file >> pid >> name >> state >> parent)) continue;
      parents[pid] = parent;
      names[pid] = name;
    }
    for (const auto& [pid, name] : names) {
      if (name != "(" + wanted + ")") continue;
      for (int at = pid; parents.count(at) != 0; at = parents[at])
        if (at == ancestor) return pid;
    }
    throw HarnessError("no " + wanted);
  }
  /// The agent and its guardian, together, so that neither can clean up.
  static void kill_agent_and_guardian(const Program& container) {
    const int agent = named_below(container.pid(), "stapsh");
    const int guardian = named_below(container.pid(), "stapsh-guardian");
    ASSERT_EQ(::kill(agent, SIGSTOP), 0);
    for (const int pid : {guardian, agent}) {
      pollfd end{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0};
      ASSERT_GE(end.fd, 0);
      ASSERT_EQ(::kill(pid, SIGKILL), 0);
      EXPECT_EQ(::poll(&end, 1, static_cast<int>(kBound.count())), 1);
      (void)::close(end.fd);
    }
  }
  static bool lives(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string name;
    char state = 'X';
    file >> pid >> name >> state;
    return state != 'X' && state != 'Z';
  }
  bool workspace_is_there() const { return !std::filesystem::is_empty(scratch_.tmp()); }
  /// The answer, without what there is to say about it.
  static std::string sweep(const ProgramOptions& how) {
    const std::string out = talk(how, "stap 4.8\nsweep\nquit\n").out;
    return out.substr(std::min(out.find("OK "), out.size()));
  }
  /// By the next agent of the namespace.
  static void sweep_from_inside(Program& container, int runner) {
    ASSERT_TRUE(container.write("stap 4.8\nsweep\n"));
    EXPECT_TRUE(container.wait_for_out("OK removed=1 left=0\n"));
    EXPECT_FALSE(lives(runner));
    ASSERT_TRUE(container.write("quit\n"));
    EXPECT_EQ(container.wait_exit(), 0) << container.captured();
  }
};

// Its pids were looked for among those of whoever swept: the runner was not found, and its workspace removed. And a
// session that lived counted as one that somebody must end, since its agent was not found either.
TEST_F(AgentNamespaces, DeadSessionIsLeftToAnAgentOfItsOwn) {
  Program inside(container(2));
  start_session(inside);
  EXPECT_EQ(sweep(container(1)), "OK removed=0 left=0\n");
  const int runner = named_below(inside.pid(), "staprun");
  kill_agent_and_guardian(inside);
  EXPECT_EQ(sweep(container(1)), "OK removed=0 left=1\n");
  EXPECT_TRUE(lives(runner));
  EXPECT_TRUE(workspace_is_there());
  sweep_from_inside(inside, runner);
  EXPECT_FALSE(workspace_is_there());
}

TEST_F(AgentNamespaces, WhatIsSeenFromAboveIsEndedByItsMark) {
  Program inside(container(2));
  start_session(inside);
  EXPECT_EQ(sweep(agent()), "OK removed=0 left=0\n");
  const int runner = named_below(inside.pid(), "staprun");
  EXPECT_TRUE(lives(runner));
  kill_agent_and_guardian(inside);
  EXPECT_EQ(sweep(agent()), "OK removed=0 left=1\n");
  EXPECT_FALSE(lives(runner));
  EXPECT_TRUE(workspace_is_there());
  sweep_from_inside(inside, runner);
  EXPECT_FALSE(workspace_is_there());
}

// The records of such a container are where nobody else reads them. What its shared folder says is no reason to end
// what carries a mark, nor to take away what that may need.
TEST_F(AgentNamespaces, ContainerWithARunOfItsOwnIsLeftToItsOwnAgents) {
  Program inside(container(2, true));
  start_session(inside);
  EXPECT_EQ(sweep(agent()), "OK removed=0 left=0\n");
  const int runner = named_below(inside.pid(), "staprun");
  kill_agent_and_guardian(inside);
  EXPECT_EQ(sweep(agent()), "OK removed=0 left=1\n");
  EXPECT_TRUE(lives(runner));
  EXPECT_TRUE(workspace_is_there());
  sweep_from_inside(inside, runner);
  EXPECT_FALSE(workspace_is_there());
}

// Its root, without any capability outside, put a workspace into the shared folder that named a process of the host.
TEST_F(AgentNamespaces, WhatAContainerForgesEndsNothingOnTheHost) {
  Program victim(options({"sleep", "1000"}));
  std::ifstream stat("/proc/" + std::to_string(victim.pid()) + "/stat");
  std::string start;
  for (int field = 1; field <= 22; ++field) stat >> start;
  const std::string who = std::to_string(victim.pid()) + " " + start;
  const std::string link = std::filesystem::read_symlink("/proc/self/ns/pid").string();
  const std::string record = "stapsh-session-1 " + who + " " + who +
                             " 9 100 $(cat /proc/sys/kernel/random/boot_id) - own " + link.substr(5, link.size() - 6);
  Program forger(
      options({"unshare", "--pid", "--net", "--fork", "--mount-proc", "setpriv", "--bounding-set=-all",
               "--inh-caps=-all", "sh", "-ec",
               "cd \"$TMPDIR\"; mkdir -m 700 stapsh.F0rged0000; cd stapsh.F0rged0000; : > .stapsh-workspace; "
               "echo \"" +
                   record + "\" > .session"},
              &mounts_));
  ASSERT_EQ(forger.wait_exit(), 0) << forger.captured();
  EXPECT_EQ(sweep(agent()), "OK removed=1 left=0\n");
  EXPECT_TRUE(victim.running());
}

// A container's end takes all of it: agent, guardian, runner, and every agent that could come after them.
TEST_F(AgentNamespaces, ContainerThatIsGoneIsSweptFromTheFirstNamespace) {
  if (std::filesystem::read_symlink("/proc/self/ns/pid") != "pid:[4026531836]") {
    GTEST_SKIP() << "needs the first pid namespace: only there it shows that another is gone";
  }
  Program inside(container(1));
  start_session(inside);
  ASSERT_EQ(::kill(named_below(inside.pid(), "sh"), SIGKILL), 0);  // Its init.
  EXPECT_TRUE(inside.wait_gone());
  EXPECT_EQ(sweep(container(1)), "OK removed=0 left=1\n");
  EXPECT_TRUE(workspace_is_there());
  EXPECT_EQ(sweep(agent()), "OK removed=1 left=0\n");
  EXPECT_FALSE(workspace_is_there());
}

// The number of a namespace that is gone is the next one's, for the agent in that and for the first namespace.
TEST_F(AgentNamespaces, ContainerThatHasTheNumberOfOneThatIsGoneIsAnother) {
  if (std::filesystem::read_symlink("/proc/self/ns/pid") != "pid:[4026531836]") {
    GTEST_SKIP() << "needs the first pid namespace: only there it shows that another is gone";
  }
  constexpr std::size_t kMost = 32;
  std::deque<Program> others;
  while (others.size() < kMost) ASSERT_TRUE(others.emplace_back(container_when_told()).wait_for_out("ready\n"));
  Program inside(container(1));
  start_session(inside);
  const int init = named_below(inside.pid(), "sh");
  const std::string number = std::filesystem::read_symlink("/proc/" + std::to_string(init) + "/ns/pid");
  ASSERT_EQ(::kill(init, SIGKILL), 0);
  EXPECT_TRUE(inside.wait_gone());
  // The kernel gives the lowest that is free, a moment after the end of who had it.
  Program* same = nullptr;
  for (Program& other : others) {
    ASSERT_TRUE(other.write("go\n"));
    ASSERT_TRUE(other.wait_for_out("]\n"));
    if (other.out() == "ready\n" + number + "\n") {
      same = &other;
      break;
    }
  }
  if (same != nullptr) {  // Else somebody else has it: of this machine, not of this test.
    ASSERT_TRUE(same->write("stap 4.8\nsweep\n"));
    EXPECT_TRUE(same->wait_for_out("OK removed=0 left=1\n")) << same->captured();
    EXPECT_TRUE(workspace_is_there());
  }
  EXPECT_EQ(sweep(agent()), "OK removed=1 left=0\n");
  EXPECT_FALSE(workspace_is_there());
  if (same == nullptr) GTEST_SKIP() << number << " was not used again";
}

}  // namespace
}  // namespace stapsh::real
