// SPDX-License-Identifier: Apache-2.0
#include "client/output/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using Kind = Outcome::Kind;

TEST(Report, NamesEachTargetThatDidNotSucceedAndCountsThemAll) {
  const std::vector<TargetResult> results{
      {"web01", {Kind::kEnded, 0, {}, Outcome::Remains::kClean, {}}},
      {"web02", {Kind::kEnded, 3, {}}},
      {"web03", {Kind::kFailed, std::nullopt, "no hello from stapsh", Outcome::Remains::kUntouched, {}}},
      {"web07", {Kind::kEnded, 0, {}, Outcome::Remains::kLeft, {{"module", "stap_12_34"}}}},
      {"web04", {Kind::kEnded, 137, {}}},
      {"web05", {Kind::kStopped, std::nullopt, {}}},
      {"web06", {Kind::kEnded, std::nullopt, {}}},
  };
  EXPECT_THAT(report_lines(results),
              testing::ElementsAre(
                  "rstap: web02: runner ended with exit code 3", "rstap: web03: failed: no hello from stapsh",
                  "rstap: web04: runner was ended by signal 9 (exit code 137)", "rstap: web05: stopped before it ran",
                  "rstap: web06: ended with an unknown exit code: its stapsh tells none over this transport; "
                  "nothing came of it, so it is taken for a failure",
                  "rstap: web07: left over: module stap_12_34",
                  "rstap: 7 targets: 2 succeeded, 2 ended with an error, 1 ended with an unknown exit code, "
                  "1 failed, 1 stopped before running; 1 clean, 1 with something left over, 1 not touched, 4 unknown"));
  EXPECT_EQ(exit_code_of(results, 130), 3);
}

TEST(Report, WhatCouldNotBeLookedAtIsUnknownAndNeverClean) {
  const std::vector<TargetResult> results{
      {"web01", {Kind::kEnded, 0, {}, Outcome::Remains::kClean, {}}},
      {"web02",
       {Kind::kEnded, 137, {}, Outcome::Remains::kUnknown, {{"unknown", "no /proc"}, {"directory", "/tmp/stapsh.x"}}}},
  };
  EXPECT_THAT(report_lines(results),
              testing::ElementsAre("rstap: web02: runner was ended by signal 9 (exit code 137)",
                                   "rstap: web02: unknown whether something is left over: no /proc",
                                   "rstap: web02: left over: directory /tmp/stapsh.x",
                                   "rstap: 2 targets: 1 succeeded, 1 ended with an error; 1 clean, 1 unknown"));
}

TEST(Report, TheFirstFailureInTheOrderOfTargetsGivesTheCode) {
  EXPECT_EQ(exit_code_of({{"a", {Kind::kEnded, 0, {}}}}, 130), 0);
  EXPECT_EQ(exit_code_of({{"a", {Kind::kFailed, {}, "x"}}, {"b", {Kind::kEnded, 7, {}}}}, 130), 1);
  EXPECT_EQ(exit_code_of({{"a", {Kind::kStopped, {}, {}}}, {"b", {Kind::kEnded, 7, {}}}}, 130), 130);
}

TEST(Report, TheLargestCodeIfThatIsTheRule) {
  const auto largest = [](const std::vector<TargetResult>& results) {
    return exit_code_of(results, 130, CodeRule::kLargest);
  };
  EXPECT_EQ(largest({{"a", {Kind::kEnded, 0, {}}}}), 0);
  EXPECT_EQ(largest({{"a", {Kind::kEnded, 3, {}}}, {"b", {Kind::kEnded, 7, {}}}, {"c", {Kind::kEnded, 5, {}}}}), 7);
  EXPECT_EQ(largest({{"a", {Kind::kFailed, {}, "x"}}, {"b", {Kind::kEnded, 7, {}}}}), 7);
  EXPECT_EQ(largest({{"a", {Kind::kEnded, 7, {}}}, {"b", {Kind::kStopped, {}, {}}}}), 130);
}

// A released agent over a socket tells no code: it is no success, and no failure where something came of the run.
TEST(Report, AnExitCodeThatNobodyToldIsUnknown) {
  Outcome outcome{Kind::kEnded, std::nullopt, "its output is cut short"};
  EXPECT_EQ(exit_code_of({{"a", outcome}}, 130), 1);
  outcome.has_output = true;
  EXPECT_EQ(exit_code_of({{"a", outcome}}, 130), 0);
  EXPECT_THAT(report_lines({{"a", outcome}}),
              testing::ElementsAre("rstap: a: ended with an unknown exit code: its stapsh tells none over this "
                                   "transport; its output is cut short",
                                   "rstap: 1 target: 0 succeeded, 1 ended with an unknown exit code; 0 clean, 1 "
                                   "unknown"));
}

}  // namespace
}  // namespace stapsh::client
