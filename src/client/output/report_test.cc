// SPDX-License-Identifier: Apache-2.0
#include "client/output/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/output/repeated_errors.h"

namespace stapsh::client {
namespace {

using Kind = Outcome::Kind;

TEST(Report, NamesEachTargetThatDidNotSucceedAndCountsThemAll) {
  const std::vector<TargetResult> results{
      {"web01", {Kind::kEnded, 0, {}, Outcome::Remains::kClean, {}}},
      {"web02", {Kind::kEnded, 3, {}}},
      {"web03", {Kind::kFailed, std::nullopt, "no hello from stapsh", Outcome::Remains::kUntouched, {}}},
      {"web07", {Kind::kEnded, 0, {}, Outcome::Remains::kLeft, {{"module", "stap_12_34"}}}},
      {"web04", {Kind::kEnded, 137, {}, Outcome::Remains::kUnknown, {}, {}, false, 9}},
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

std::vector<TargetResult> fleet(std::size_t targets, const Outcome& outcome) {
  std::vector<TargetResult> results;
  for (std::size_t i = 1; i <= targets; ++i) {
    std::string number = std::to_string(i);
    number.insert(0, 4 - number.size(), '0');
    results.push_back({"web" + number, outcome});
  }
  return results;
}

TEST(Report, EqualFailuresAreSaidOnce) {
  std::vector<TargetResult> results = fleet(2'000, {Kind::kFailed, {}, ""});
  for (TargetResult& result : results) {
    result.outcome.reason =
        "no hello from stapsh: ssh: connect to host " + result.name + " port 22: Connection refused";
  }
  results[6].outcome = {Kind::kEnded, 1, {}};
  results[7].outcome.reason = "no hello from stapsh: ssh: connect to host web0001 port 22: Connection refused";
  EXPECT_THAT(
      report_lines(results),
      testing::ElementsAre(
          "rstap: web[0001-0006,0009-2000]: failed: no hello from stapsh: ssh: connect to host HOST port 22: "
          "Connection refused",
          "rstap: web0007: runner ended with exit code 1",
          "rstap: web0008: failed: no hello from stapsh: ssh: connect to host web0001 port 22: Connection refused",
          "rstap: 2000 targets: 0 succeeded, 1 ended with an error, 1999 failed; 0 clean, 2000 unknown"));
}

TEST(Report, ManyDifferentFailuresAreAScreen) {
  std::vector<TargetResult> results = fleet(2'000, {Kind::kFailed, {}, ""});
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].outcome.reason = i % 2 == 0 ? "reason " + std::to_string(i) : "a common one";
    results[i].outcome.left.assign(i % 100, {"process", std::to_string(i)});
  }
  const std::vector<std::string> lines = report_lines(results);
  EXPECT_LE(lines.size(), 24U);
  std::size_t bytes = 0;
  for (const std::string& line : lines) bytes += line.size();
  EXPECT_LE(bytes, 4'000U);
  EXPECT_EQ(lines[0], "rstap: web0001: failed: reason 0");
  EXPECT_TRUE(lines[1].starts_with("rstap: web[0002,0004,")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with(" more: failed: a common one")) << lines[1];
  EXPECT_EQ(lines[14], "rstap: and 987 more targets, for 987 other reasons");
}

TEST(Report, OneHostileTargetFillsNoScreen) {
  Outcome outcome{Kind::kFailed, {}, std::string(5'000, 'x') + "\nrstap: web02: clean\033[2J"};
  for (int i = 0; i < 1'000; ++i) {
    outcome.left.push_back({"module\r", std::to_string(i) + "\xe2\x80\xae" + std::string(500, 'y')});
  }
  const std::vector<std::string> lines = report_lines({{"web01", outcome}, {"web02", {Kind::kEnded, 0, {}}}});
  ASSERT_EQ(lines.size(), 8U);
  EXPECT_EQ(lines[0], "rstap: web01: failed: " + std::string(1'000, 'x') + "...");
  EXPECT_TRUE(lines[1].starts_with("rstap: web01: left over: module^M 0<U+202E>yyy")) << lines[1];
  EXPECT_LE(lines[1].size(), 300U);
  EXPECT_EQ(lines[6], "rstap: and 995 more left over");
  outcome.reason = "x\nrstap: web02: clean\033[2J";
  EXPECT_EQ(report_lines({{"web01", outcome}})[0], "rstap: web01: failed: x^Jrstap: web02: clean^[[2J");
}

TEST(Report, QuietSaysWhatFailedAndWhatIsLeft) {
  const std::vector<TargetResult> results{
      {"web01", {Kind::kEnded, 0, {}, Outcome::Remains::kClean, {}}},
      {"web02", {Kind::kEnded, 3, {}}},
      {"web03", {Kind::kEnded, 0, {}, Outcome::Remains::kUnknown, {{"unknown", "no /proc"}, {"directory", "/x"}}}},
  };
  EXPECT_THAT(report_lines(results, {.quiet = true, .hint = {}}),
              testing::ElementsAre("rstap: web02: runner ended with exit code 3",
                                   "rstap: web03: unknown whether something is left over: no /proc",
                                   "rstap: web03: left over: directory /x"));
  EXPECT_TRUE(report_lines({results[0]}, {.quiet = true, .hint = {}}).empty());
}

TEST(Report, SaysThatFailuresHadTheSameWords) {
  RepeatedErrors errors;
  errors.start(5);
  const std::string_view text = "ERROR: unknown probe\nkprobe:nosuch\n";
  for (const std::size_t target : {0U, 1U, 3U}) {
    errors.add(target, text.substr(0, target * 5));  // However it is split.
    errors.add(target, text.substr(target * 5));
  }
  errors.add(2, "something else\n");
  errors.add(4, text);
  std::vector<TargetResult> results = fleet(5, {Kind::kEnded, 1, {}});
  results[4].outcome.exit_code = 0;
  EXPECT_EQ(errors.hint(results), "the same 2 lines on standard error from 3 targets: --gather shows them once");
  results[0].outcome.exit_code = results[1].outcome.exit_code = 0;
  EXPECT_EQ(errors.hint(results), "") << "one alone repeats nobody";
  EXPECT_THAT(report_lines({{"a", {Kind::kStopped, {}, {}}}}, {.quiet = false, .hint = "x"}),
              testing::ElementsAre("rstap: a: stopped before it ran", "rstap: x",
                                   "rstap: 1 target: 0 succeeded, 1 stopped before running; 0 clean, 1 unknown"));
}

TEST(Report, WhatCouldNotBeLookedAtIsUnknownAndNeverClean) {
  const std::vector<TargetResult> results{
      {"web01", {Kind::kEnded, 0, {}, Outcome::Remains::kClean, {}}},
      {"web02",
       {Kind::kEnded, 137, {}, Outcome::Remains::kUnknown, {{"unknown", "no /proc"}, {"directory", "/tmp/stapsh.x"}}}},
  };
  EXPECT_THAT(report_lines(results),
              testing::ElementsAre("rstap: web02: runner ended with exit code 137",
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
