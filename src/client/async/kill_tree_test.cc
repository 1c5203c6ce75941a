// SPDX-License-Identifier: Apache-2.0
#include "client/async/kill_tree.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "base/time.h"
#include "sys/clock.h"
#include "sys/process_tree.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;

// One has children at any time, and others as soon as these have ended; one is always about to fork.
const std::string kGoesOn = "while :; do sleep 1000; done & while :; do sleep 1000; done";
const std::string kForks = "while :; do /bin/true; done & while :; do /bin/true; done";
constexpr std::size_t kShells = 2;
constexpr int kRounds = 100;

bool becomes_true(const std::function<bool()>& is_so) {
  const TimePoint until = sys::deadline_after(20s);
  while (!is_so()) {
    if (sys::now() >= until) return false;
    (void)::poll(nullptr, 0, 1);
  }
  return true;
}

template <typename Kill>
void expect_nobody_left(Kill kill) {
  const std::string mark = "KILL_TREE_TEST=" + std::to_string(::getpid());
  for (int i = 0; i < kRounds; ++i) {
    const std::string& script = i % 2 == 0 ? kGoesOn : kForks;
    sys::Child child =
        *sys::spawn({.program = "/bin/sh", .argv = {"sh", "-c", script}, .extra_env = {mark}, .new_session = true});
    ASSERT_TRUE(becomes_true([&] { return sys::marked_processes(mark).pids.size() > kShells; }));
    kill(child);
    EXPECT_EQ(child.wait(20s).value_or(-1), 128 + SIGKILL);
    ASSERT_TRUE(becomes_true([&] { return sys::marked_processes(mark).pids.empty(); })) << "round " << i;
  }
}

TEST(KillTree, WhoForksMeanwhileLeavesNobody) { expect_nobody_left(kill_tree); }
TEST(KillTree, NorDoesWhoIsInItsSession) {
  expect_nobody_left([](const sys::Child& child) { kill_session(child.pid()); });
}

}  // namespace
}  // namespace stapsh::client
