// SPDX-License-Identifier: Apache-2.0
#include "session/policy_bounds.h"

#include <gtest/gtest.h>

#include "session/agent_driver.h"

namespace stapsh {
namespace {

using std::chrono::seconds;

AgentSettings settings_with(const policy::Bounds& bounds) {
  AgentSettings settings;
  settings.identity = {"5.6", "x86_64", "6.1"};
  apply_bounds(settings, bounds);
  return settings;
}

TEST(PolicyBounds, LowerAndNeverRaise) {
  AgentSettings settings;
  settings.stop_times.grace = seconds(5);
  settings.maxima.deadline = seconds(100);
  settings.idle_timeout = seconds(100);
  policy::Bounds bounds;
  bounds.grace = bounds.stop = seconds(2);
  bounds.run = bounds.idle = seconds(200);
  bounds.workspace = std::uint64_t{1} << 39;
  apply_bounds(settings, bounds);
  EXPECT_EQ(settings.stop_times.grace, seconds(2));
  EXPECT_EQ(settings.maxima.grace, seconds(2));
  EXPECT_EQ(settings.stop_times.limit, seconds(2));
  EXPECT_EQ(settings.maxima.stop_limit, seconds(2));
  EXPECT_EQ(settings.maxima.deadline, seconds(100));
  EXPECT_EQ(settings.idle_timeout, seconds(100));
  EXPECT_EQ(settings.limits.files_bytes_max, Limits{}.files_bytes_max);
  EXPECT_EQ(settings.names.run, "--deadline-max");
}

TEST(PolicyBounds, AClientIsToldWhatItGetsAndWhy) {
  policy::Bounds bounds;
  bounds.run = seconds(60);
  bounds.grace = seconds(2);
  bounds.idle = seconds(30);
  bounds.workspace = 10;
  AgentDriver agent(settings_with(bounds));
  EXPECT_EQ(agent.run({"say stap 5.6", "say option grace=9", "say option deadline=61", "say option deadline=59",
                       "say file 11 a.bt"}),
            "stapsh 5.6 x86_64 6.1; OK grace=2; OK deadline=60; OK; "
            "ERROR: file a.bt: 11 bytes more, over limit workspace= of the policy there (10)");
  AgentDriver idle(settings_with(bounds));
  EXPECT_EQ(
      idle.run({"say stap 5.6", "wait 30000"}),
      "stapsh 5.6 x86_64 6.1; ERROR: nothing was said for 30 seconds; limit idle= of the policy there gives more; "
      "clean up; end 1");
  AgentDriver runs(settings_with(bounds));
  EXPECT_EQ(
      runs.run({"say stap 5.6", "say option data", "say option exit", "say option reason", "say run", "wait 60000",
                "exit 0", "gone", "drained"}),
      "stapsh 5.6 x86_64 6.1; OK; OK; OK; start staprun [] framed; OK; signal 1; clean up; stopped a run may last 60 "
      "s there (limit run= of its policy); exit 0; quit; end 0");
}

TEST(PolicyBounds, WhatEachRunIsHeldToIsTheAnswerToPolicy) {
  policy::Bounds bounds;
  bounds.tasks = 64;
  AgentSettings settings = settings_with(bounds);
  settings.gate = policy::Gate{};
  EXPECT_EQ(AgentDriver(settings).run({"say stap 5.6", "say option policy"}),
            "stapsh 5.6 x86_64 6.1; OK policy=yes,tasks=64");
  bounds.memory = 100'000'000;
  settings = settings_with(bounds);
  settings.gate = policy::Gate{};
  EXPECT_EQ(AgentDriver(settings).run({"say stap 5.6", "say option policy"}),
            "stapsh 5.6 x86_64 6.1; OK policy=yes,tasks=64,memory=100000000");
}

TEST(PolicyBounds, ARunThatPassedOneEndsWithTheReason) {
  const std::string reason = "it used more than 5 bytes of memory";
  AgentDriver agent(settings_with({}));
  (void)agent.run({"say stap 5.6", "say option data", "say option exit", "say option reason", "say run"});
  agent.session.on_limit_passed(reason);
  EXPECT_EQ(agent.run({"dies 9", "gone", "drained"}), "clean up; stopped " + reason + "; exit 137; quit; end 137");
  AgentDriver released(settings_with({}));
  (void)released.run({"say stap 4.8", "say option data", "say run"});
  released.session.on_limit_passed(reason);
  EXPECT_EQ(released.run({"dies 9", "gone", "drained"}),
            "report the runner was ended: " + reason + "; clean up; quit; end 137");
}

}  // namespace
}  // namespace stapsh
