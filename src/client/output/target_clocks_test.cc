// SPDX-License-Identifier: Apache-2.0
#include "client/output/target_clocks.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kNow = seconds(1'790'000'000);

event::Connected connected(std::optional<WallTime> offset, std::optional<WallTime> uncertainty = {}) {
  event::Connected e;
  e.clock_offset = offset;
  e.clock_uncertainty = uncertainty;
  return e;
}

TEST(TargetClocks, ShownIsTheMachinesClockAndOrderedIsOurs) {
  TargetClocks clocks(1);
  clocks.note_connected(0, connected(seconds(3'600)));
  const WallTime said = kNow + seconds(3'600);
  const LineTime time = clocks.time_of(0, {Stream::kStdout, "x", said}, kNow + milliseconds(3));
  EXPECT_EQ(time.shown, said);
  EXPECT_EQ(time.ordered, kNow);
  EXPECT_TRUE(clocks.without_clock().empty());
}

TEST(TargetClocks, NothingIsOrderedAfterItCame) {
  TargetClocks clocks(2);
  clocks.note_connected(0, connected(WallTime{}));
  // Its clock was set meanwhile, or it says what it likes.
  for (const WallTime said : {kNow + seconds(60), WallTime::max()}) {
    EXPECT_EQ(clocks.time_of(0, {Stream::kStdout, "x", said}, kNow).ordered, kNow);
  }
  clocks.note_connected(1, connected(WallTime::min()));
  EXPECT_EQ(clocks.time_of(1, {Stream::kStdout, "x", WallTime::max()}, kNow).ordered, kNow);
  clocks.note_connected(1, connected(WallTime::max()));
  EXPECT_EQ(clocks.time_of(1, {Stream::kStdout, "x", WallTime{}}, kNow).ordered, WallTime{});
}

TEST(TargetClocks, WhoeverTellsNoClockHasOurs) {
  TargetClocks clocks(4);
  EXPECT_EQ(clocks.time_of(1, {Stream::kStdout, "x", {}}, kNow).shown, kNow);
  EXPECT_EQ(clocks.time_of(1, {Stream::kStdout, "x", {}}, kNow).ordered, kNow);
  // What ssh says in the middle of a run carries none.
  (void)clocks.time_of(2, {Stream::kStderr, "x", {}}, kNow);
  (void)clocks.time_of(2, {Stream::kStdout, "x", kNow}, kNow);
  // A clock of which nobody knows how far off it is can be shown, but not ordered by.
  const LineTime time = clocks.time_of(3, {Stream::kStdout, "x", kNow - seconds(60)}, kNow);
  EXPECT_EQ(time.shown, kNow - seconds(60));
  EXPECT_EQ(time.ordered, kNow);
  EXPECT_EQ(clocks.without_clock(), std::vector<std::size_t>{1}) << "0 said nothing, 2 and 3 told one";
}

TEST(TargetClocks, AnOffsetIsSaidWithWhatItMayBeWrongBy) {
  EXPECT_EQ(clock_text(connected(milliseconds(3'250), microseconds(210))),
            "its clock is 3.250 s ahead of ours (± 0.210 ms)");
  EXPECT_EQ(clock_text(connected(microseconds(-1'234), milliseconds(1'500))),
            "its clock is 1.234 ms behind ours (± 1.500 s)");
}

}  // namespace
}  // namespace stapsh::client
