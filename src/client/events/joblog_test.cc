// SPDX-License-Identifier: Apache-2.0
#include "client/events/joblog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

JoblogRow row(std::size_t seq, std::string host, int exitval, int signal = 0, std::string command = "opens.bt") {
  return {seq, std::move(host), WallTime(1'700'000'000'123ms), 4ms, 600, exitval, signal, std::move(command)};
}

TEST(Joblog, IsWhatParallelWrites) {
  EXPECT_EQ(joblog_header(), "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n");
  EXPECT_EQ(format_joblog_row(row(2, "web02", 3)), "2\tweb02\t1700000000.123\t     0.004\t0\t600\t3\t0\topens.bt\n");
  EXPECT_EQ(format_joblog_row(row(1, "exec:a\tb", -1, 2)),
            "1\texec:a\\x09b\t1700000000.123\t     0.004\t0\t600\t-1\t2\topens.bt\n");
}

TEST(Joblog, IsReadAsItWasWritten) {
  const std::vector<JoblogRow> rows{row(1, "web01", 0), row(2, "web02", 255), row(3, "web03", -1, 15, "-e 'a  b'"),
                                    row(4, "exec:a\tb\\x09\\", 0, 9, "-e 'a\n1\tb\\n\\\\x'\x7f\r")};
  std::string text = joblog_header();
  for (const JoblogRow& each : rows) text += format_joblog_row(each);
  const auto log = parse_joblog(text);
  ASSERT_TRUE(log) << log.error().what;
  EXPECT_EQ(log->rows, rows);
  EXPECT_EQ(log->whole_bytes, text.size());
}

TEST(Joblog, NothingInARowEndsItAndNoTwoTextsAreTheSame) {
  const std::string forged = "x\n2\tweb02\t1\t1\t0\t0\t0\t0\tx";
  const auto log = parse_joblog(joblog_header() + format_joblog_row(row(1, forged, 3, 0, forged)));
  ASSERT_TRUE(log) << log.error().what;
  ASSERT_EQ(log->rows.size(), 1U);
  EXPECT_EQ(log->rows[0], row(1, forged, 3, 0, forged));
  EXPECT_EQ(joblog_text("a\tb"), "a\\x09b");
  EXPECT_EQ(joblog_text("a\\x09b"), "a\\\\x09b");
}

// rstap can be killed while it writes.
TEST(Joblog, CutAnywhereItHasItsWholeRows) {
  const std::string head = joblog_header(), one = format_joblog_row(row(1, "a", 0));
  const std::string text = head + one + one;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SCOPED_TRACE(cut);
    const auto log = parse_joblog(text.substr(0, cut));
    ASSERT_TRUE(log) << log.error().what;
    EXPECT_EQ(log->rows.size(), cut < head.size() ? 0u : (cut - head.size()) / one.size());
    EXPECT_EQ(log->whole_bytes, cut < head.size() ? 0u : cut - (cut - head.size()) % one.size());
  }
}

TEST(Joblog, OfParallelIsReadAsWell) {
  const auto log = parse_joblog(joblog_header() + "1\t:\t1795736730.421\t     0.000\t0\t0\t0\t0\texit 0\n" +
                                "1\t:\t1795736730.827\t     0.018\t0\t0\t0\t9\tkill -9 $$\t1\n");
  ASSERT_TRUE(log) << log.error().what;
  EXPECT_EQ(log->rows[1].signal, 9);
  EXPECT_EQ(log->rows[1].command, "kill -9 $$\t1");
}

TEST(Joblog, WhatIsNoneIsAnErrorThatNamesTheLine) {
  const std::string head = joblog_header();
  struct Case {
    std::string text, want;
  };
  const Case cases[] = {
      {"garbage\n", "line 1: not the head of a joblog"},
      {"garbage", "line 1: not the head of a joblog"},
      {std::string("\0\0\n", 3), "line 1: not the head of a joblog"},
      {head + "\n", "line 2: not a row of a joblog"},
      {head + "1\ta\t1\t1\t0\t0\t0\t0\n", "line 2: not a row of a joblog"},
      {head + "1\ta\t1\t1\t0\t0\t0\t0\tc\nx\ta\t1\t1\t0\t0\t0\t0\tc\n", "line 3: not a row of a joblog"},
      {head + "1\t\t1\t1\t0\t0\t0\t0\tc\n", "line 2: not a row of a joblog"},
      {head + "1\ta\tsoon\t1\t0\t0\t0\t0\tc\n", "line 2: not a row of a joblog"},
      {head + "1\ta\t1e10\t1\t0\t0\t0\t0\tc\n", "line 2: not a row of a joblog"},
      {head + "1\ta\t1\tinf\t0\t0\t0\t0\tc\n", "line 2: not a row of a joblog"},
      {head + "1\ta\t1\t1\t0\t0\t-2\t0\tc\n", "line 2: not a row of a joblog"},
      {head + "1\ta\t1\t1\t0\t0\t0\t-1\tc\n", "line 2: not a row of a joblog"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto log = parse_joblog(c.text);
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().what, c.want);
    EXPECT_EQ(log.error().code, Errc::kUsage);
  }
}

TEST(Joblog, TheLastRowOfAHostCounts) {
  const Joblog log{{row(1, "a", 0), row(2, "b", 3), row(3, "c", 0), row(4, "d", 0, 9), row(1, "b", 0), row(2, "c", -1)},
                   0};
  const auto hosts = succeeded_hosts(log, "opens.bt");
  ASSERT_TRUE(hosts);
  EXPECT_THAT(*hosts, ElementsAre("a", "b"));
  const auto other = succeeded_hosts(log, "iotop.stp");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().what, HasSubstr("another command, opens.bt, not iotop.stp"));
}

}  // namespace
}  // namespace stapsh::client
