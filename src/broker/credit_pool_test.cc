// SPDX-License-Identifier: Apache-2.0
#include "broker/credit_pool.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stapsh::broker {
namespace {

struct Session {
  explicit Session(CreditPool& pool)
      : share(pool.open(pool.base())),
        at_client(Stream::Side::kClient, 0, pool.base()),
        at_host(Stream::Side::kHost, pool.base(), 0) {}
  /// The host sends all that it may, and the client uses it up. Bytes that came so.
  std::uint64_t flood(CreditPool& pool) {
    std::uint64_t came = 0;
    while (at_host.sendable() > 0) {
      const std::string bytes(at_host.sendable(), 'x');
      EXPECT_TRUE(at_client.receive(at_host.send(bytes)));
      came += bytes.size();
    }
    if (const auto credit = pool.use(at_client, share, came)) {
      EXPECT_TRUE(at_host.receive(*credit));
    }
    return came;
  }
  CreditPool::Share share;
  Stream at_client, at_host;
};

TEST(CreditPool, SharesOutAHalfBeforehand) {
  EXPECT_EQ(CreditPool(16 << 20, 1'000).base(), 8'388U);
  EXPECT_EQ(CreditPool(16 << 20, 1).base(), CreditPool::kBaseMax);
  EXPECT_EQ(CreditPool(16 << 20, 10'000).base(), CreditPool::kBaseMin);
  EXPECT_EQ(CreditPool(0, 0).base(), CreditPool::kBaseMin);
}

TEST(CreditPool, WhoSendsMuchBorrowsAndNeverMoreThanThereIs) {
  constexpr std::uint64_t kPool = 1 << 20;
  CreditPool pool(kPool, 20);
  std::vector<Session> sessions;
  for (int i = 0; i < 20; ++i) sessions.emplace_back(pool);
  EXPECT_EQ(pool.outstanding(), 20 * pool.base());
  for (int round = 0; round < 20; ++round) {
    for (Session& session : sessions) {
      EXPECT_GE(session.flood(pool), pool.base());
      EXPECT_LE(pool.outstanding(), kPool + pool.base());
    }
  }
  EXPECT_GT(pool.outstanding(), kPool / 2);
  for (Session& session : sessions) pool.close(session.at_client);
  EXPECT_EQ(pool.outstanding(), 0U);
}

TEST(CreditPool, WhoSendsLittleGivesBackWhatItBorrowed) {
  CreditPool pool(16 << 20, 100);
  Session session(pool);
  for (int round = 0; round < 10; ++round) (void)session.flood(pool);
  EXPECT_EQ(session.share.window, CreditPool::kWindowMax);
  for (int round = 0; round < 1'000; ++round) {
    EXPECT_TRUE(session.at_client.receive(session.at_host.send(std::string(1'000, 'x'))));
    if (const auto credit = pool.use(session.at_client, session.share, 1'000)) {
      EXPECT_TRUE(session.at_host.receive(*credit));
    }
  }
  EXPECT_EQ(session.share.window, pool.base());
  EXPECT_LE(pool.outstanding(), pool.base());
}

TEST(CreditPool, WhoSaysLittleIsToldOfNoCredit) {
  CreditPool pool(16 << 20, 4);
  CreditPool::Share share = pool.open(Stream::kFirstCredit);
  Stream at_host(Stream::Side::kHost, 0, Stream::kFirstCredit),
      at_client(Stream::Side::kClient, Stream::kFirstCredit, 0);
  const auto say = [&](std::size_t count) {
    EXPECT_TRUE(at_host.receive(at_client.send(std::string(count, 'x'))));
    return pool.use(at_host, share, count);
  };
  EXPECT_EQ(say(500), std::nullopt);
  EXPECT_EQ(say(500), std::nullopt);
  EXPECT_EQ(say(500), Credit{1'500 + pool.base()});
  EXPECT_EQ(pool.outstanding(), pool.base());
}

}  // namespace
}  // namespace stapsh::broker
