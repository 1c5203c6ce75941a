// SPDX-License-Identifier: Apache-2.0
#include "agent/report_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <string>

#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

TEST(ReportWriter, SaysWhoSpeaks) {
  const sys::Pipe pipe = *sys::make_pipe();
  ReportWriter(pipe.write_end.get()).say("the guardian was killed");
  std::array<char, 100> buffer{};
  const auto got = sys::read_some(pipe.read_end.get(), buffer);
  ASSERT_TRUE(got);
  EXPECT_EQ(std::string(buffer.data(), got->bytes), "stapsh: the guardian was killed\n");
}

TEST(ReportWriter, NobodyWhoReadsCostsOneWaitAtMost) {
  const sys::Pipe pipe = *sys::make_pipe();
  ASSERT_GT(::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, 4096), 0);
  ASSERT_TRUE(sys::write_all(pipe.write_end.get(), std::string(4096, 'x'), std::chrono::seconds(1)));
  ReportWriter reports(pipe.write_end.get());
  const TimePoint begin = sys::now();
  for (int turn = 0; turn < 100; ++turn) {
    reports.begin_turn();
    for (int report = 0; report < 10; ++report) reports.say("nobody reads this");
  }
  EXPECT_LT(sys::now() - begin, std::chrono::seconds(5));  // A wait each would take 100 s.
}

TEST(ReportWriter, OutlivesItsReader) {
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);  // As programs do first of all.
  sys::Pipe pipe = *sys::make_pipe();
  pipe.read_end.reset();
  ReportWriter reports(pipe.write_end.get());
  reports.say("nobody is there");
}

}  // namespace
}  // namespace stapsh::agent
