// SPDX-License-Identifier: Apache-2.0
#include "client/async/kill_tree.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "sys/process_tree.h"

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;

// It has a child at any time, and another one as soon as that has ended.
const std::string kGoesOn = "while :; do sleep 1000; done & while :; do sleep 1000; done";
constexpr int kRounds = 100;

sys::Child begin(const std::string& mark) {
  sys::SpawnOptions options{
      .program = "/bin/sh", .argv = {"sh", "-c", kGoesOn}, .extra_env = {mark}, .new_session = true};
  sys::Child child = *sys::spawn(options);
  while (sys::marked_processes(mark).pids.size() < 4) {
  }
  return child;
}

template <typename Kill>
void expect_nobody_left(Kill kill) {
  const std::string mark = "KILL_TREE_TEST=" + std::to_string(::getpid());
  for (int i = 0; i < kRounds; ++i) {
    sys::Child child = begin(mark);
    kill(child);
    EXPECT_EQ(child.wait(10s).value_or(-1), 128 + SIGKILL);
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!sys::marked_processes(mark).pids.empty() && std::chrono::steady_clock::now() < until) {
    }
    const std::vector<pid_t> left = sys::marked_processes(mark).pids;
    ASSERT_TRUE(left.empty()) << "round " << i << ": " << left.front();
  }
}

TEST(KillTree, WhoGoesOnMeanwhileLeavesNobody) { expect_nobody_left(kill_tree); }
TEST(KillTree, NorDoesWhoIsInItsSession) {
  expect_nobody_left([](const sys::Child& child) { kill_session(child.pid()); });
}

}  // namespace
}  // namespace stapsh::client
