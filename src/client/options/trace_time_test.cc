// SPDX-License-Identifier: Apache-2.0
#include "client/options/trace_time.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using std::chrono::seconds;

TEST(TraceTime, IsTheShorterOfADeadlineAndABpftraceProgramsTimeout) {
  RstapOptions options;
  EXPECT_FALSE(trace_time(options));
  options.job.timeout_seconds = "3";
  EXPECT_FALSE(trace_time(options)) << "stap builds it into the module";
  options.job.runtime = Runtime::kBpftrace;
  EXPECT_EQ(trace_time(options)->time, seconds(3));
  options.deadline = seconds(5);
  EXPECT_EQ(trace_time(options)->time, seconds(3));
  options.deadline = seconds(2);
  EXPECT_EQ(trace_time(options)->time, seconds(2));
}

TEST(TraceTime, CountsFromTheAttachedProbesWhereTheRunnerTellsIt) {
  RstapOptions options;
  options.deadline = seconds(2);
  EXPECT_FALSE(trace_time(options)->is_told) << "of staprun";
  EXPECT_EQ(trace_time(options)->all(), seconds(2));
  options.job.runtime = Runtime::kBpftrace;
  EXPECT_TRUE(trace_time(options)->is_told);
  EXPECT_EQ(trace_time(options)->all(), seconds(64));
  options.job.passed = {{OptionId::kCoverage, ""}};
  EXPECT_FALSE(trace_time(options)->is_told);
  options.job.passed.clear();
  options.job.output_file = "/f";
  EXPECT_FALSE(trace_time(options)->is_told);
  options.job.output_file.reset();
  options.job.runner_words = {"-q"};
  EXPECT_FALSE(trace_time(options)->is_told);
}

}  // namespace
}  // namespace stapsh::client
