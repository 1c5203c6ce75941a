// SPDX-License-Identifier: Apache-2.0
#include "client/run/connect_slots.h"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <list>

namespace stapsh::client {
namespace {

class ConnectSlotsTest : public testing::Test {
 protected:
  struct Waiter {
    explicit Waiter(asio::io_context& io) : wait(io, [this] { return unwanted; }) {}
    std::optional<ConnectSlot> slot;
    bool unwanted = false;
    bool answered = false;
    ConnectSlots::Wait wait;
  };

  Waiter& ask(const std::string& host) {
    Waiter& waiter = waiters_.emplace_back(io_);
    asio::co_spawn(io_, acquire(*slots_, host, waiter), asio::detached);
    settle();
    return waiter;
  }
  static Awaitable<> acquire(ConnectSlots& slots, std::string host, Waiter& waiter) {
    waiter.slot = co_await slots.acquire(std::move(host), waiter.wait);
    waiter.answered = true;
  }
  void stop(Waiter& waiter) {
    waiter.unwanted = true;
    waiter.wait.look_again();
    settle();
  }
  void settle() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_;
  std::optional<ConnectSlots> slots_;
  std::list<Waiter> waiters_;
};

TEST_F(ConnectSlotsTest, LimitsAllAndThoseOfAHost) {
  slots_.emplace(10);
  for (unsigned i = 0; i < kConnectsPerHostMax; ++i) EXPECT_TRUE(ask("a").slot);
  Waiter& ninth = ask("a");
  EXPECT_FALSE(ninth.answered);
  Waiter& other = ask("b");
  EXPECT_TRUE(other.slot);
  EXPECT_TRUE(ask("").slot);
  Waiter& eleventh = ask("");
  EXPECT_FALSE(eleventh.answered);
  other.slot.reset();
  settle();
  EXPECT_TRUE(eleventh.slot);
  EXPECT_FALSE(ninth.answered);
  waiters_.front().slot.reset();
  settle();
  EXPECT_TRUE(ninth.slot);
}

// A jump host that sheds connections is on nobody's list.
TEST_F(ConnectSlotsTest, WhereConnectionsAreShedAllGoSlower) {
  slots_.emplace(16);
  slots_->note_shed();
  for (unsigned i = 0; i < 8; ++i) EXPECT_TRUE(ask("").slot);
  Waiter& ninth = ask("");
  EXPECT_FALSE(ninth.answered);
  slots_->note_connected();
  settle();
  EXPECT_TRUE(ninth.slot);
  for (int i = 0; i < 10; ++i) slots_->note_shed();
  waiters_.clear();
  for (unsigned i = 0; i < kConnectsMin; ++i) EXPECT_TRUE(ask("").slot);
  EXPECT_FALSE(ask("").answered);
  for (int i = 0; i < 100; ++i) slots_->note_connected();
  settle();
  for (unsigned i = kConnectsMin + 1; i < 16; ++i) EXPECT_TRUE(ask("").slot);
  EXPECT_FALSE(ask("").answered) << "more than --fanout";
  for (Waiter& waiter : waiters_) stop(waiter);
}

// It was given one, and is stopped before it has run: the next must not wait for ever.
TEST_F(ConnectSlotsTest, ASlotOfOneThatIsStoppedMeanwhileGoesToTheNext) {
  slots_.emplace(1);
  Waiter& first = ask("");
  Waiter& second = ask("");
  Waiter& third = ask("");
  first.slot.reset();
  second.unwanted = true;
  settle();
  EXPECT_TRUE(second.answered);
  EXPECT_FALSE(second.slot);
  EXPECT_TRUE(third.slot);
}

TEST_F(ConnectSlotsTest, AStopEndsTheWaitOfThoseWhomItMeansAndNoLimit) {
  slots_.emplace(1);
  Waiter& connected = ask("a");
  Waiter& stopped = ask("a");
  Waiter& proving = ask("a");
  stop(stopped);
  EXPECT_TRUE(stopped.answered);
  EXPECT_FALSE(stopped.slot);
  EXPECT_FALSE(proving.answered);
  Waiter& late = ask("b");
  EXPECT_FALSE(late.answered);
  connected.slot.reset();
  settle();
  EXPECT_TRUE(proving.slot);
  EXPECT_FALSE(late.answered);
  stop(late);
  EXPECT_FALSE(late.slot);
}

}  // namespace
}  // namespace stapsh::client
