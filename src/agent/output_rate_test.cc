// SPDX-License-Identifier: Apache-2.0
#include "agent/output_rate.h"

#include <gtest/gtest.h>

namespace stapsh::agent {
namespace {

using std::chrono::milliseconds;

const TimePoint kStart = TimePoint(std::chrono::hours(1));

TEST(OutputRate, WithoutOneAllMayGo) {
  OutputRate rate;
  rate.spend(1'000'000'000, kStart);
  EXPECT_EQ(rate.grant(5'000'000, kStart), 5'000'000U);
}

TEST(OutputRate, ASecondsWorthGoesAtOnceAndThenAsTimeGoesOn) {
  OutputRate rate(1'000);
  EXPECT_EQ(rate.grant(5'000, kStart), 1'000U);
  rate.spend(1'000, kStart);
  EXPECT_EQ(rate.grant(5'000, kStart), 0U);
  EXPECT_LE(rate.next(), kStart + milliseconds(101));
  EXPECT_GE(rate.next(), kStart + milliseconds(100));
  EXPECT_EQ(rate.grant(5'000, rate.next()), 100U);
  EXPECT_EQ(rate.grant(5'000, kStart + milliseconds(500)), 500U);
}

TEST(OutputRate, ALittleThatWaitsWaitsForItself) {
  OutputRate rate(1'000);
  rate.spend(1'000, kStart);
  EXPECT_EQ(rate.grant(10, kStart), 0U);
  EXPECT_LE(rate.next(), kStart + milliseconds(11));
  EXPECT_EQ(rate.grant(10, rate.next()), 10U);
}

// Whatever is asked for and when: no second has more than its own and the one before it.
TEST(OutputRate, OverTimeItIsThatRate) {
  for (const std::uint64_t bytes : {1'000ULL, 7'777ULL, 1'000'000ULL, 1ULL << 40}) {
    OutputRate rate(bytes);
    TimePoint now = kStart;
    double sent = 0;
    while (now < kStart + std::chrono::seconds(20)) {
      const std::size_t granted = rate.grant(262'144, now);
      rate.spend(granted, now);
      sent += static_cast<double>(granted);
      now = granted == 0 ? rate.next() : now + milliseconds(3);
    }
    const double most = static_cast<double>(bytes) * 21;
    EXPECT_LE(sent, most * 1.001);
    if (bytes < 2'000'000) {
      EXPECT_GE(sent, most * 0.95);
    }
  }
}

}  // namespace
}  // namespace stapsh::agent
