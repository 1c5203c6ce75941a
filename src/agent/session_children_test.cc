// SPDX-License-Identifier: Apache-2.0
#include "agent/session_children.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"
#include "sys/process_ref.h"
#include "sys/signal_fd.h"

namespace stapsh::agent {
namespace {

constexpr Duration kPatience = std::chrono::seconds(20);

pid_t fork_sleeper() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (;;) (void)::pause();
  }
  return pid;
}

bool lives(pid_t pid) { return ::kill(pid, 0) == 0; }

// It says a line once it has started all of its own.
sys::Child start(const std::string& script) {
  sys::Pipe ready = *sys::make_pipe();
  sys::SpawnOptions spawn;
  spawn.program = "/bin/sh";
  spawn.argv = {"/bin/sh", "-c", script};
  spawn.stdout_fd = ready.write_end.get();
  spawn.new_session = true;
  sys::Child child = *sys::spawn(spawn);
  EXPECT_TRUE(*sys::wait_for(ready.read_end.get(), POLLIN, sys::deadline_after(kPatience)));
  return child;
}

class SessionChildrenTest : public testing::Test {
 protected:
  std::optional<int> reap() {
    const std::optional<sys::Reaped> runner = children_.reap();
    return runner ? std::optional<int>(runner->exit_code) : std::nullopt;
  }
  // Until the runner and all of its have been reaped; the runner's code if it was among them.
  std::optional<int> reap_all(SessionChildren::Helpers helpers) {
    std::optional<int> code = reap();
    const TimePoint deadline = sys::deadline_after(kPatience);
    while (!children_.all_gone(helpers) && *sys::wait_for(ends_.fd(), POLLIN, deadline)) {
      while (ends_.read()) {
      }
      if (const std::optional<int> reaped = reap()) code = reaped;
    }
    EXPECT_TRUE(children_.all_gone(helpers));
    return code;
  }

  sys::SignalFd ends_ = *sys::SignalFd::create(std::vector<int>{SIGCHLD});
  SessionChildren children_;
};

TEST_F(SessionChildrenTest, TheLastDescendantEndsThemNotTheRunner) {
  ASSERT_TRUE(children_.begin());
  EXPECT_FALSE(children_.exist({}));
  sys::Pipe hold = *sys::make_pipe();
  sys::SpawnOptions spawn;
  spawn.program = "/bin/sh";
  // By another number: a background job's standard input is /dev/null.
  spawn.argv = {"/bin/sh", "-c", "exec 9<&0; setsid sh -c 'read x <&9' & exit 7"};
  spawn.stdin_fd = hold.read_end.get();
  sys::Child runner = *sys::spawn(spawn);
  const sys::ProcessRef runner_ref = *sys::ProcessRef::open(runner.pid());
  children_.set_runner(std::move(runner));
  EXPECT_FALSE(children_.all_gone({}));
  ASSERT_TRUE(*runner_ref.wait_exit(kPatience));
  EXPECT_EQ(reap(), 7);
  EXPECT_TRUE(children_.exist({}));
  EXPECT_FALSE(children_.all_gone({}));
  hold.write_end.reset();
  EXPECT_EQ(reap_all({}), std::nullopt);
}

TEST_F(SessionChildrenTest, WhoWasThereBeforeAndHelpersAreSpared) {
  const pid_t before = fork_sleeper();
  ASSERT_TRUE(children_.begin());
  const sys::ProcessRef helper = *sys::fork_aside();
  if (!helper.valid()) {
    for (;;) (void)::pause();
  }
  const std::array<pid_t, 2> helpers{helper.pid(), -1};
  EXPECT_FALSE(children_.exist(helpers));
  children_.set_runner(start("sleep 1000 & echo; wait"));
  EXPECT_TRUE(children_.exist(helpers));
  children_.signal_all(SIGKILL, helpers);
  EXPECT_EQ(reap_all(helpers), 128 + SIGKILL);
  EXPECT_TRUE(lives(before));
  EXPECT_TRUE(lives(helper.pid()));
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  ASSERT_EQ(::waitpid(before, nullptr, 0), before);
  ASSERT_TRUE(helper.send(SIGKILL));
  ASSERT_TRUE(*helper.wait_exit(kPatience));
  sys::reap_aside(helper);
}

TEST_F(SessionChildrenTest, SignalToTheRunnerReachesNobodyElse) {
  ASSERT_TRUE(children_.begin());
  sys::Child runner = start("sleep 1000 & echo; wait");
  const sys::ProcessRef runner_ref = *sys::ProcessRef::open(runner.pid());
  children_.set_runner(std::move(runner));
  children_.signal_runner(SIGTERM);
  ASSERT_TRUE(*runner_ref.wait_exit(kPatience));
  const std::optional<sys::Reaped> ended = children_.reap();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 128 + SIGTERM);
  EXPECT_TRUE(ended->signalled);
  EXPECT_TRUE(children_.exist({}));
  children_.signal_all(SIGTERM, {});
  EXPECT_EQ(reap_all({}), std::nullopt);
}

}  // namespace
}  // namespace stapsh::agent
