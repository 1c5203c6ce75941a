// SPDX-License-Identifier: Apache-2.0
#include "client/output/faults.h"

#include <gmock/gmock.h>

#include <new>
#include <stdexcept>

namespace stapsh::client {
namespace {

using testing::ElementsAre;

class FaultsTest : public testing::Test {
 protected:
  std::vector<std::string> said_;
  Faults faults_{[this](std::string_view line) { said_.emplace_back(line); }};
};

TEST_F(FaultsTest, WhatIsThrownIsSaidOnceForEachThing) {
  EXPECT_TRUE(faults_.contain("--sum", [] {}));
  EXPECT_FALSE(faults_.any());
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(faults_.contain("--sum", [] { throw std::runtime_error("bad\x1b"); }));
  EXPECT_FALSE(faults_.contain("--report", [] { throw std::bad_alloc(); }));
  EXPECT_FALSE(faults_.contain("--live", [] { throw 7; }));
  EXPECT_TRUE(faults_.any());
  EXPECT_THAT(said_, ElementsAre("internal error in --sum: bad^[; it is missing or not whole",
                                 "internal error in --report: out of memory; it is missing or not whole",
                                 "internal error in --live: no reason is known; it is missing or not whole"));
}

TEST_F(FaultsTest, WhereItCannotBeSaidItIsKnown) {
  Faults mute([](std::string_view) { throw std::bad_alloc(); });
  EXPECT_FALSE(mute.contain("--sum", [] { throw std::bad_alloc(); }));
  EXPECT_TRUE(mute.any());
}

class Throwing : public EventSink {
 public:
  void on_event(const Event& event) override {
    ++events;
    if (std::holds_alternative<event::RunStarted>(event.what)) throw std::bad_alloc();
  }
  void on_pause() override { throw std::logic_error("a bug"); }
  int events = 0;
};

TEST_F(FaultsTest, ASinkThatThrowsGetsWhatFollows) {
  Throwing sink;
  ContainedSink contained("--record", sink, faults_);
  contained.on_event({WallTime(1), std::nullopt, event::RunStarted{}});
  contained.on_event({WallTime(2), std::nullopt, event::RunEnded{0}});
  contained.on_pause();
  EXPECT_EQ(sink.events, 2);
  EXPECT_THAT(said_, ElementsAre("internal error in --record: out of memory; it is missing or not whole"));
}

}  // namespace
}  // namespace stapsh::client
