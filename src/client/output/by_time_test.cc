// SPDX-License-Identifier: Apache-2.0
#include "client/output/by_time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace stapsh::client {
namespace {

// A test's times are small numbers; the window is 10.
WallTime at(int time) { return WallTime(time); }

struct Order {
  explicit Order(std::size_t held_bytes_max = ByTime::kHeldBytesMax) : lines(at(10), out, held_bytes_max) {}
  /// What has gone since the last call.
  std::string take() {
    std::string text(out.view());
    out.consume(text.size());
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }
  OutputBuffer out;
  ByTime lines;
};

TEST(ByTime, ALineWaitsForOlderOnesOfSlowerWays) {
  Order order;
  order.lines.add(at(5), at(5), "web\n");
  order.lines.add(at(3), at(9), "db\n");
  EXPECT_EQ(order.lines.next_release(), at(16));
  order.lines.release(at(15));
  EXPECT_EQ(order.take(), "") << "its time is not over yet";
  order.lines.release(at(16));
  EXPECT_EQ(order.take(), "db web ") << "what is older goes before it, however short it has waited";
  EXPECT_EQ(order.lines.next_release(), std::nullopt);
  EXPECT_EQ(order.lines.late_lines(), 0U);
}

TEST(ByTime, ALateLineGoesAtOnceAndIsCounted) {
  Order order;
  order.lines.add(at(5), at(5), "web\n");
  order.lines.release(at(16));
  order.lines.add(at(4), at(17), "db 1\ndb 2\n");
  EXPECT_EQ(order.take(), "web db 1 db 2 ");
  EXPECT_EQ(order.lines.late_lines(), 2U);
  order.lines.add(at(5), at(17), "as new as the newest\n");
  order.lines.add(at(6), at(17), "newer\n");
  EXPECT_EQ(order.take(), "as new as the newest ");
  order.lines.start_anew();
  order.lines.add(at(1), at(18), "of another time\n");
  order.lines.start_anew();
  EXPECT_EQ(order.take(), "newer of another time ");
  EXPECT_EQ(order.lines.late_lines(), 2U);
}

TEST(ByTime, LinesOfOneTimeStayAsTheyCame) {
  Order order;
  for (const char* line : {"a\n", "b\n", "c\n"}) order.lines.add(at(5), at(6), line);
  order.lines.start_anew();
  EXPECT_EQ(order.take(), "a b c ");
}

TEST(ByTime, WhatIsHeldHasABound) {
  Order order(10'000);
  for (int time = 0; time < 1'000; ++time) order.lines.add(at(time), at(time % 10), "x\n");
  const std::size_t gone = order.take().size() / 2;
  EXPECT_GT(gone, 900U);
  order.lines.start_anew();
  EXPECT_EQ(gone + order.take().size() / 2, 1'000U) << "none is lost";
  EXPECT_EQ(order.lines.late_lines(), 0U) << "the oldest go first";
  order.lines.add(at(2'000), at(1), std::string(20'000, 'x') + "\n");
  EXPECT_EQ(order.take().size(), 20'001U) << "larger than all that may be held";
}

/// A line as it comes: `name` says its time.
struct Coming {
  int time, came;
  std::string line;
};

// With release() called at any moments, as a live run's timer does, the bytes are those of a replay, which has none.
TEST(ByTime, CallsOfReleaseBetweenTheLinesChangeNothing) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::vector<Coming> all;
    int now = 0;
    for (int i = 0; i < 60; ++i) {
      now += static_cast<int>(random() % 5);
      const int time = std::max(0, now - static_cast<int>(random() % 16));
      all.push_back({time, now, std::to_string(time) + "\n"});
    }
    const auto play = [&](bool live) {
      Order order;
      int clock = 0;
      for (const Coming& each : all) {
        for (; live && clock < each.came; ++clock) {
          if (random() % 2 == 0) order.lines.release(at(clock));
        }
        order.lines.release(at(each.came));
        order.lines.add(at(each.time), at(each.came), each.line);
      }
      order.lines.start_anew();
      return std::pair(order.take(), order.lines.late_lines());
    };
    const auto replayed = play(false);
    EXPECT_EQ(play(true), replayed) << "seed " << seed;
    // And those that are not late stand in order.
    std::vector<int> late_or_not;
    std::uint64_t late = 0;
    int newest = 0;
    for (std::size_t begin = 0; begin < replayed.first.size();) {
      const std::size_t end = replayed.first.find(' ', begin);
      const int time = std::stoi(replayed.first.substr(begin, end - begin));
      late += time < newest ? 1 : 0;
      newest = std::max(newest, time);
      begin = end + 1;
    }
    EXPECT_EQ(late, replayed.second) << "seed " << seed;
  }
}

}  // namespace
}  // namespace stapsh::client
