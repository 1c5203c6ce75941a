// SPDX-License-Identifier: Apache-2.0
#include "agent/bytes_quota.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stapsh::agent {
namespace {

TEST(BytesQuota, WithoutALimitTakesAll) {
  BytesQuota none;
  EXPECT_TRUE(none.check(UINT64_MAX));
  EXPECT_TRUE(none.take(UINT64_MAX));
  none.give_back(UINT64_MAX);
}

TEST(BytesQuota, SharesOneLimitAmongSessions) {
  const auto counters = sys::SharedCounters::create(3);
  ASSERT_TRUE(counters);
  BytesQuota a(counters->all(), counters->all()[0], 10);
  BytesQuota b(counters->all(), counters->all()[1], 10);
  EXPECT_TRUE(a.take(6));
  EXPECT_TRUE(b.check(4));
  const Result<> over = b.take(5);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Errc::kLimit);
  EXPECT_NE(over.error().what.find("workspaces-bytes-max (10)"), std::string::npos) << over.error().what;
  EXPECT_FALSE(b.check(UINT64_MAX));
  EXPECT_TRUE(b.take(4));
  a.give_back(6);
  EXPECT_TRUE(b.take(6));
}

// A session is a process, and may be killed in mid-upload: the listener knows its counter.
TEST(BytesQuota, OfAKilledSessionIsStruckOut) {
  const auto counters = sys::SharedCounters::create(2);
  ASSERT_TRUE(counters);
  const pid_t session = ::fork();
  if (session == 0) {
    BytesQuota own(counters->all(), counters->all()[1], 10);
    (void)own.take(10);
    (void)::raise(SIGKILL);
  }
  ASSERT_EQ(::waitpid(session, nullptr, 0), session);
  BytesQuota other(counters->all(), counters->all()[0], 10);
  EXPECT_FALSE(other.take(1));
  counters->all()[1] = 0;
  EXPECT_TRUE(other.take(10));
}

}  // namespace
}  // namespace stapsh::agent
