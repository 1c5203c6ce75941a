// SPDX-License-Identifier: Apache-2.0
// The few Asio words that the client's shell is written in. A failed operation is a value here:
// `auto [error, …] = co_await x.async_y(kAsTuple);`.
// A value built in braces inside a co_await expression is copied bit by bit by g++ 12, and then
// destroyed twice: give it a name first.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace stapsh::client {

template <typename T = void>
using Awaitable = asio::awaitable<T>;

using Descriptor = asio::posix::stream_descriptor;

inline constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);

/// Something that coroutines wait for and others announce. Announced while nobody waits, it is lost:
/// wait in a loop over the condition.
class Condition {
 public:
  explicit Condition(asio::io_context& io) : timer_(io, asio::steady_timer::time_point::max()) {}

  Awaitable<> wait() { (void)co_await timer_.async_wait(kAsTuple); }
  void announce() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

}  // namespace stapsh::client
