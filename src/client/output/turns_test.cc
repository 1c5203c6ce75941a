// SPDX-License-Identifier: Apache-2.0
#include "client/output/turns.h"

#include <gtest/gtest.h>

#include <random>

namespace stapsh::client {
namespace {

constexpr std::string_view kTurnEnd = "\x01 end";
constexpr WallTime kGap = Turns::kGap, kShort = kGap / 5, kMore = 3 * kShort, kWait = Turns::kWait;

struct Said {
  std::size_t target;
  std::string_view bytes;  ///< kTurnEnd: the target ends.
  WallTime after;          ///< The step before.
};

class Turner {
 public:
  explicit Turner(std::size_t targets) : turns_(targets, [this](const Event& event) { take(event); }) {}

  void say(std::size_t target, std::string_view bytes, WallTime at, Stream stream = Stream::kStdout,
           std::optional<WallTime> time = std::nullopt) {
    if (bytes.data() == kTurnEnd.data()) return turns_.add({at, target, event::Ended{}});
    turns_.add({at, target, event::Output{stream, bytes, time}});
  }
  Turns& turns() { return turns_; }
  std::string taken() { return std::exchange(shown_, {}); }
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  void take(const Event& event) {
    const auto* output = std::get_if<event::Output>(&event.what);
    shown_ += output != nullptr ? std::string(output->bytes) : std::to_string(*event.target) + ".";
  }

  Turns turns_;
  std::string shown_;
};

TEST(Turns, WhatIsSaidInOneGoStaysTogether) {
  struct Case {
    std::string_view name;
    std::vector<Said> said;
    std::string want;  ///< What each step shows, and what its clock shows before it, between '|'.
  };
  const Case cases[] = {
      {"who is alone waits for nothing", {{0, "a", {}}, {0, "b", kShort}, {0, "c", 10 * kGap}}, "a|b|c"},
      {"two that follow each other slowly neither", {{0, "a", {}}, {1, "x", kGap}, {0, "b", kGap}}, "a|x|b"},
      {"blocks that come at once are not mixed",
       {{0, "a", {}}, {1, "x", {}}, {0, "b", kShort}, {1, "y", {}}, {0, "c", kShort}, {1, "z", kGap}},
       "a||b||c|xyz"},
      {"an end is the end of a turn",
       {{0, "a", {}}, {1, "x", {}}, {0, kTurnEnd, kShort}, {1, "y", kShort}, {1, kTurnEnd, {}}},
       "a||0.|xy|1."},
      {"one that waits ends when its turn is over",
       {{0, "a", {}}, {1, "x", {}}, {1, kTurnEnd, kShort}, {0, "b", kShort}, {0, "c", kGap}},
       "a|||b|x1.c"},
      {"nobody waits for a flood for longer than he must",
       {{0, "a", {}},
        {1, "x", kShort},
        {0, "b", kMore},
        {0, "c", kMore},
        {0, "d", kMore},
        {0, "e", kMore},
        {0, "f", kMore},
        {0, "g", kMore},
        {0, "h", kMore}},
       "a||b|c|d|e|f|g|xh"},
      {"a clock that is set back", {{0, "a", 1000 * kWait}, {1, "x", {}}, {0, "b", -500 * kWait}}, "a||xb"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Turner turner(2);
    std::string got;
    WallTime now = std::chrono::seconds(1'000);
    for (const Said& said : c.said) {
      now += said.after;
      turner.turns().release(now);
      turner.say(said.target, said.bytes, now);
      got += (&said == c.said.data() ? "" : "|") + turner.taken();
    }
    EXPECT_EQ(got, c.want);
  }
}

TEST(Turns, WhatFollowsIsBehindAllThatWasSaid) {
  Turner turner(3);
  const WallTime now = std::chrono::seconds(1);
  turner.say(0, "a", now);
  turner.say(2, "x", now);
  turner.say(1, "k", now);
  turner.say(2, "y", now);
  turner.turns().release_all();
  EXPECT_EQ(turner.taken(), "axyk");
  EXPECT_EQ(turner.turns().next_release(), std::nullopt);
}

TEST(Turns, StreamsAndTimesOfWhatWaitedAreKept) {
  std::vector<std::pair<Stream, std::optional<WallTime>>> seen;
  Turns turns(2, [&](const Event& event) {
    const auto& output = std::get<event::Output>(event.what);
    seen.emplace_back(output.stream, output.time);
  });
  const auto say = [&](std::size_t target, Stream stream, std::optional<WallTime> time) {
    turns.add({WallTime(5), target, event::Output{stream, "x", time}});
  };
  say(0, Stream::kStdout, {});
  say(1, Stream::kStdout, {});
  say(1, Stream::kStdout, {});
  say(1, Stream::kStderr, {});
  say(1, Stream::kStdout, WallTime(7));
  say(1, Stream::kStdout, WallTime(8));
  turns.release_all();
  const decltype(seen) want{{Stream::kStdout, {}},
                            {Stream::kStdout, {}},
                            {Stream::kStderr, {}},
                            {Stream::kStdout, WallTime(7)},
                            {Stream::kStdout, WallTime(8)}};
  EXPECT_EQ(seen, want) << "the two without a time are one";
}

TEST(Turns, AFloodIsNotHeld) {
  Turner turner(100);
  const std::string piece(4'096, 'x');
  std::size_t said = 0, most = 0;
  for (int round = 0; round < 20; ++round) {
    for (std::size_t target = 0; target < 100; ++target) {
      turner.say(target, piece, WallTime(1));
      said += piece.size();
      most = std::max(most, said - turner.shown().size());
    }
  }
  EXPECT_LE(most, Turns::kHeldBytesMax + Turns::kBlockBytesMax);
  turner.taken();
  const std::string large(Turns::kBlockBytesMax + 1, 'x');
  turner.say(1, large, WallTime(1));
  turner.say(2, large, WallTime(1));
  EXPECT_GE(turner.taken().size(), 2 * large.size()) << "what is large waits for nobody";
}

// Whenever the clock is looked at, the order is the same, each target's bytes are, and nothing waits for too long.
TEST(Turns, OnlyTimesOfEventsDecide) {
  std::mt19937 random(20240611);
  const auto below = [&](std::size_t bound) { return random() % bound; };
  for (int round = 0; round < 300; ++round) {
    const std::size_t targets = 2 + below(4);
    Turner seldom(targets), often(targets);
    std::vector<std::string> said(targets);
    WallTime now = std::chrono::seconds(1'000);
    for (int step = 0; step < 100; ++step) {
      const WallTime next = now + static_cast<std::int64_t>(below(2) * below(100)) * std::chrono::milliseconds(1);
      for (auto due = often.turns().next_release(); due && *due <= next; due = often.turns().next_release()) {
        ASSERT_LE(*due, now + kWait);
        often.turns().release(*due);
      }
      now = next;
      const std::size_t target = below(targets);
      const std::string bytes = std::to_string(target) + std::to_string(step) + ",";
      said[target] += bytes;
      for (Turner* turner : {&seldom, &often}) turner->say(target, bytes, now);
      ASSERT_EQ(seldom.shown(), often.shown());
    }
    for (Turner* turner : {&seldom, &often}) turner->turns().release_all();
    ASSERT_EQ(seldom.shown(), often.shown());
    std::vector<std::string> got(targets);
    std::string left = seldom.taken();
    while (!left.empty()) {
      const std::size_t end = left.find(',') + 1;
      got.at(static_cast<std::size_t>(left[0] - '0')) += left.substr(0, end);
      left.erase(0, end);
    }
    ASSERT_EQ(got, said);
  }
}

}  // namespace
}  // namespace stapsh::client
