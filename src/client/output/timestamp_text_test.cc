// SPDX-License-Identifier: Apache-2.0
#include "client/output/timestamp_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace stapsh::client {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// 2026-11-26T23:04:05 UTC.
constexpr WallTime kTime = seconds(1'795'734'245) + nanoseconds(123'456'789);

class TimestampTextTest : public testing::Test {
 protected:
  void TearDown() override {
    ASSERT_EQ(::unsetenv("TZ"), 0);
    ::tzset();
  }
  static std::string iso(const char* zone, WallTime time) {
    EXPECT_EQ(::setenv("TZ", zone, 1), 0);
    ::tzset();
    return std::string(TimestampText(Timestamps::kIso).text({time, {}}));
  }
};

TEST_F(TimestampTextTest, IsoIsLocalTimeWithItsOffset) {
  EXPECT_EQ(iso("UTC0", kTime), "2026-11-26T23:04:05.123456+00:00 ");
  EXPECT_EQ(iso("CET-1", kTime), "2026-11-27T00:04:05.123456+01:00 ");
  EXPECT_EQ(iso("XYZ3:30", kTime), "2026-11-26T19:34:05.123456-03:30 ");
  EXPECT_EQ(iso("UTC0", WallTime{}), "1970-01-01T00:00:00.000000+00:00 ");
  EXPECT_EQ(iso("UTC0", WallTime(-1)), "1970-01-01T00:00:00.000000+00:00 ");
  EXPECT_EQ(iso("UTC0", seconds(9'000'000'000)), "2255-03-14T16:00:00.000000+00:00 ");
}

TEST_F(TimestampTextTest, LinesOfOneSecondAndOfOthersAlternate) {
  ASSERT_EQ(::setenv("TZ", "UTC0", 1), 0);
  ::tzset();
  TimestampText text(Timestamps::kIso);
  EXPECT_EQ(text.text({kTime, {}}), "2026-11-26T23:04:05.123456+00:00 ");
  EXPECT_EQ(text.text({kTime + nanoseconds(1'000), {}}), "2026-11-26T23:04:05.123457+00:00 ");
  EXPECT_EQ(text.text({kTime - seconds(60), {}}), "2026-11-26T23:03:05.123456+00:00 ");
  EXPECT_EQ(text.text({kTime, {}}), "2026-11-26T23:04:05.123456+00:00 ");
}

TEST_F(TimestampTextTest, DeltaIsSinceTheBeginningByOurClock) {
  TimestampText text(Timestamps::kDelta);
  text.set_begin(kTime);
  const auto delta = [&](WallTime since) { return std::string(text.text({{}, kTime + since})); };
  EXPECT_EQ(delta(nanoseconds(0)), "[    0.000000] ");
  EXPECT_EQ(delta(seconds(12) + nanoseconds(345'678'000)), "[   12.345678] ");
  EXPECT_EQ(delta(seconds(123'456)), "[123456.000000] ");
  EXPECT_EQ(delta(nanoseconds(-250'000)), "[   -0.000250] ") << "clocks are known only so well";
}

TEST_F(TimestampTextTest, NoneIsNone) { EXPECT_EQ(TimestampText(Timestamps::kNone).text({kTime, kTime}), ""); }

}  // namespace
}  // namespace stapsh::client
