// SPDX-License-Identifier: Apache-2.0
#include "client/relay/absent_hosts.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{};

TEST(AbsentHosts, WhoWasLostIsWaitedForAndNobodyElse) {
  AbsentHosts absent;
  EXPECT_FALSE(absent.may_return("web01", kStart));
  absent.note_lost("web01", kStart);
  EXPECT_TRUE(absent.may_return("web01", kStart + 19s));
  EXPECT_FALSE(absent.may_return("web01", kStart + 20s));
  EXPECT_FALSE(absent.may_return("web02", kStart));
}

TEST(AbsentHosts, WhoIsSilentMayReturnForATime) {
  AbsentHosts absent;
  absent.note_silent("web01", kStart);
  EXPECT_TRUE(absent.may_return("web01", kStart + 14s));
  EXPECT_FALSE(absent.may_return("web01", kStart + 15s));
  absent.note_lost("web01", kStart);
  absent.note_silent("web01", kStart + 1s);
  EXPECT_TRUE(absent.may_return("web01", kStart + 19s)) << "that takes nothing back";
}

TEST(AbsentHosts, BehindABrokerThatIsBackAllAre) {
  AbsentHosts absent;
  absent.note_broker_back(kStart);
  EXPECT_TRUE(absent.may_return("web01", kStart + 59s));
  EXPECT_FALSE(absent.may_return("web01", kStart + 60s));
}

TEST(AbsentHosts, TheyAreAskedInTheirOrderAtTheirTime) {
  AbsentHosts absent;
  EXPECT_EQ(absent.next_timer(), std::nullopt);
  absent.ask_later(7, kStart);
  absent.ask_later(3, kStart + 1ms);
  EXPECT_EQ(absent.next_timer(), kStart + 250ms);
  EXPECT_TRUE(absent.take_due(kStart + 249ms).empty());
  EXPECT_EQ(absent.take_due(kStart + 250ms), std::vector<std::uint32_t>{7});
  EXPECT_EQ(absent.take_due(kStart + 9s), std::vector<std::uint32_t>{3});
  EXPECT_EQ(absent.next_timer(), std::nullopt);
}

TEST(AbsentHosts, WhoWasAskedIsRememberedUntilItShouldHaveAnswered) {
  AbsentHosts absent;
  absent.note_asked(7, kStart);
  absent.note_asked(3, kStart + 1ms);
  EXPECT_EQ(absent.next_timer(), kStart + 10s);
  absent.ask_later(5, kStart + 9s);
  EXPECT_EQ(absent.next_timer(), kStart + 9s + 250ms);
  EXPECT_TRUE(absent.take_asked(kStart + 9s + 250ms).empty());
  EXPECT_EQ(absent.take_due(kStart + 10s), std::vector<std::uint32_t>{5});
  EXPECT_EQ(absent.take_asked(kStart + 10s), std::vector<std::uint32_t>{7});
  EXPECT_EQ(absent.next_timer(), kStart + 10s + 1ms);
}

}  // namespace
}  // namespace stapsh::client
