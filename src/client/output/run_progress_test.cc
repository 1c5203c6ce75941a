// SPDX-License-Identifier: Apache-2.0
#include "client/output/run_progress.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using std::chrono::milliseconds;

class RunProgressOfFive : public testing::Test {
 protected:
  RunProgressOfFive() {
    event::RunStarted started;
    for (const char* name : {"web1", "web2", "web3", "web4", "web5"}) started.targets.push_back({name, name});
    progress_.on_event({{}, std::nullopt, started});
  }
  void be(std::size_t target, TargetState state) { progress_.on_event({{}, target, event::StateChanged{state}}); }
  void all_be(TargetState state) {
    for (std::size_t target = 0; target < 5; ++target) be(target, state);
  }
  void end(std::size_t target, Outcome outcome) { progress_.on_event({{}, target, event::Ended{outcome, 0, 0}}); }
  void say(std::string_view bytes) { progress_.on_event({{}, 0, event::Output{Stream::kStdout, bytes, {}}}); }
  std::string text(milliseconds at = milliseconds(0)) { return progress_.text(kStart + at); }

  static constexpr TimePoint kStart{std::chrono::hours(1)};
  RunProgress progress_;
};

TEST_F(RunProgressOfFive, NamesWhoIsLeastFar) {
  EXPECT_EQ(text(), "5 connecting; waiting for web1 (connecting) and 4 more");
  be(0, TargetState::kBuilding);
  be(2, TargetState::kRunning);
  EXPECT_EQ(text(), "3 connecting, 1 building, 1 running; waiting for web2 (connecting) and 2 more");
  all_be(TargetState::kReady);
  be(4, TargetState::kSending);
  EXPECT_EQ(text(), "1 sending, 4 ready; waiting for web5 (sending)");
}

TEST(RunProgress, NamesAreHarmless) {
  event::RunStarted started;
  started.targets.push_back({"x\033]0;t\007\xe2\x80\xaey", "x"});
  RunProgress progress;
  progress.on_event({{}, std::nullopt, started});
  EXPECT_EQ(progress.text(TimePoint{}), "1 connecting; waiting for x^[]0;t^G<U+202E>y (connecting)");
}

TEST_F(RunProgressOfFive, WaitsForNobodyWhileAllRun) {
  all_be(TargetState::kRunning);
  EXPECT_EQ(text(), "5 running");
  end(1, {Outcome::Kind::kEnded, 0});
  EXPECT_EQ(text(), "4 running, 1 done; waiting for web1 (running) and 3 more");
  be(2, TargetState::kStopping);
  EXPECT_EQ(text(), "3 running, 1 stopping, 1 done; waiting for web3 (stopping)");
}

TEST_F(RunProgressOfFive, CountsAsFailedWhatTheExitCodeSays) {
  all_be(TargetState::kDone);
  end(0, {Outcome::Kind::kEnded, 0});
  end(1, {Outcome::Kind::kEnded, 7});
  end(2, {Outcome::Kind::kFailed, std::nullopt, "no route"});
  end(3, {Outcome::Kind::kStopped, std::nullopt});
  end(4, {Outcome::Kind::kEnded, std::nullopt});  // Nothing came of it.
  EXPECT_EQ(text(), "1 done, 3 failed, 1 stopped");
}

TEST_F(RunProgressOfFive, SpeedIsThatOfTheLastSecond) {
  all_be(TargetState::kRunning);
  EXPECT_EQ(text(), "5 running");
  say("one\ntwo\nthr");
  say("ee\n");
  EXPECT_EQ(text(milliseconds(999)), "5 running");
  EXPECT_EQ(text(milliseconds(1500)), "5 running; 2 lines/s");
  say(std::string(1000, '\n'));
  EXPECT_EQ(text(milliseconds(1600)), "5 running; 2 lines/s");
  EXPECT_EQ(text(milliseconds(2500)), "5 running; 1000 lines/s");
  EXPECT_EQ(text(milliseconds(3500)), "5 running; 0 lines/s");
  say("\n");
  EXPECT_EQ(text(milliseconds(4500)), "5 running; 1 line/s");
}

}  // namespace
}  // namespace stapsh::client
