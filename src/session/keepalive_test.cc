// SPDX-License-Identifier: Apache-2.0
#include "session/keepalive.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

using std::chrono::seconds;

TEST(Keepalive, PingsWhenIdleAndLosesAPeerThatIsSilent) {
  Keepalive keepalive;
  const TimePoint start{};
  keepalive.heard(start);
  EXPECT_EQ(keepalive.next(), std::nullopt);
  EXPECT_FALSE(keepalive.lost(start + seconds(1000)));
  keepalive.enable(seconds(30));
  EXPECT_EQ(keepalive.next(), start + seconds(10));
  EXPECT_FALSE(keepalive.ping_due(start + seconds(9)));
  EXPECT_TRUE(keepalive.ping_due(start + seconds(10)));
  keepalive.said(start + seconds(25));
  EXPECT_EQ(keepalive.next(), start + seconds(30));
  EXPECT_TRUE(keepalive.lost(start + seconds(30)));
  keepalive.heard(start + seconds(29));
  EXPECT_FALSE(keepalive.lost(start + seconds(30)));
}

}  // namespace
}  // namespace stapsh
