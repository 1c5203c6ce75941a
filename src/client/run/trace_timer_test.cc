// SPDX-License-Identifier: Apache-2.0
#include "client/run/trace_timer.h"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>

namespace stapsh::client {
namespace {

using std::chrono::milliseconds;
constexpr Duration kNever = std::chrono::hours(1);

class TraceTimerTest : public testing::Test {
 protected:
  // What was said until nothing more can be.
  std::string run(TraceTimer& timer, const std::function<void()>& first) {
    std::string said;
    timer.set_on_due([&](bool traced) { said += traced ? "traced;" : "never traced;"; });
    first();
    io_.run();
    io_.restart();
    return said;
  }

  asio::io_context io_;
};

TEST_F(TraceTimerTest, CountsFromTheFirstOutputWhereThatTellsOfProbes) {
  TraceTimer timer(io_, TraceTime{milliseconds(1), kNever, true});
  EXPECT_EQ(run(timer,
                [&] {
                  timer.on_output();  // Before the start: nobody's.
                  timer.on_started();
                  timer.on_output();
                  timer.on_output();
                }),
            "traced;");
  EXPECT_EQ(run(timer, [&] { timer.on_output(); }), "") << "once";
}

TEST_F(TraceTimerTest, SaysThatProbesNeverWereAttached) {
  TraceTimer timer(io_, TraceTime{kNever, milliseconds(1), true});
  EXPECT_EQ(run(timer, [&] { timer.on_started(); }), "never traced;");
}

TEST_F(TraceTimerTest, CountsFromTheStartWhereNothingTells) {
  TraceTimer timer(io_, TraceTime{milliseconds(1), kNever, false});
  EXPECT_EQ(run(timer, [&] { timer.on_started(); }), "traced;");
}

TEST_F(TraceTimerTest, ATryThatDidNotStartEndsNothing) {
  TraceTimer timer(io_, TraceTime{milliseconds(1), kNever, false});
  EXPECT_EQ(run(timer,
                [&] {
                  timer.end();
                  timer.on_started();
                }),
            "traced;");
}

TEST_F(TraceTimerTest, NothingIsDueBehindTheEndOrWithoutATime) {
  TraceTimer ended(io_, TraceTime{milliseconds(1), kNever, true});
  EXPECT_EQ(run(ended,
                [&] {
                  ended.on_started();
                  ended.end();
                  ended.on_output();
                }),
            "");
  TraceTimer none(io_, std::nullopt);
  EXPECT_EQ(run(none,
                [&] {
                  none.on_started();
                  none.on_output();
                }),
            "");
}

}  // namespace
}  // namespace stapsh::client
