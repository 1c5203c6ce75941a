// SPDX-License-Identifier: Apache-2.0
#include "client/async/child_output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "sys/clock.h"
#include "sys/io.h"

namespace stapsh::client {
namespace {

constexpr Duration kAskAgainAfter = std::chrono::milliseconds(10);
constexpr Duration kLookAgainAfter = std::chrono::milliseconds(50);
constexpr Duration kAskAfter = std::chrono::seconds(1);
// More than a pipe holds.
constexpr int kReadsPerTurn = 16;

struct PipeReader {
  PipeReader(asio::io_context& io, sys::UniqueFd fd, std::size_t bytes_max_given)
      : pipe(io, fd.release()), bytes_max(bytes_max_given), ended(io) {}
  Descriptor pipe;
  std::size_t bytes_max;
  std::string text;
  bool is_reading = true;
  Condition ended;
};

// What is there, without a wait, and without starving others. True at the end.
bool read_available(PipeReader& reader) {
  std::array<char, 8'192> buffer;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const Result<sys::IoResult> got = sys::read_some(reader.pipe.native_handle(), buffer);
    if (!got || got->end) return true;
    if (got->would_block) return false;
    reader.text.append(buffer.data(), std::min(got->bytes, reader.bytes_max - reader.text.size()));
  }
  return false;
}

Awaitable<> read_until_cancelled(PipeReader& reader) {
  bool cancelled = false;
  while (!read_available(reader) && !cancelled) {
    const auto [error] = co_await reader.pipe.async_wait(Descriptor::wait_read, kAsTuple);
    cancelled = static_cast<bool>(error);
  }
  reader.is_reading = false;
  reader.ended.announce();
}

// Does not reap it. Asio can wake us for nothing, as was seen where another child had ended a moment before. What
// counts is what the kernel says of the child.
Awaitable<> wait_exit(asio::io_context& io, const sys::Child& child, Duration limit) {
  const TimePoint deadline = sys::deadline_after(limit);
  Result<sys::UniqueFd> pidfd = sys::duplicate(child.ref().fd());
  if (pidfd) {
    // A pidfd is readable once the process has ended: pidfd_open(2).
    Descriptor descriptor(io, pidfd->release());
    asio::steady_timer timer(io, deadline);
    bool is_over = false;
    timer.async_wait([&](asio::error_code error) {
      if (error) return;
      is_over = true;
      descriptor.cancel();
    });
    while (!is_over && !child.ref().has_exited()) {
      const auto [error] = co_await descriptor.async_wait(Descriptor::wait_read, kAsTuple);
      if (error) break;
    }
    timer.cancel();
    co_await asio::post(io, asio::use_awaitable);  // Its handler refers to this frame: let it run first.
  }
  // Without a descriptor to spare it is asked now and then.
  while (!child.ref().has_exited() && sys::now() < deadline) {
    asio::steady_timer pause(io, kAskAgainAfter);
    (void)co_await pause.async_wait(kAsTuple);
  }
}

}  // namespace

Awaitable<ChildResult> collect(asio::io_context& io, sys::Child& child, sys::UniqueFd out, sys::UniqueFd errors,
                               std::size_t bytes_max, GiveUp give_up, std::function<bool()> goes_on) {
  PipeReader readers[] = {{io, std::move(out), bytes_max}, {io, std::move(errors), bytes_max}};
  for (PipeReader& reader : readers) asio::co_spawn(io, read_until_cancelled(reader), asio::detached);
  const std::optional<int> code = co_await see_end(io, child, std::move(give_up));
  while (goes_on()) {
    asio::steady_timer pause(io, kLookAgainAfter);
    (void)co_await pause.async_wait(kAsTuple);
  }
  for (PipeReader& reader : readers) {
    asio::error_code ignored;  // It is at its end already.
    (void)reader.pipe.cancel(ignored);
    while (reader.is_reading) co_await reader.ended.wait();
    (void)read_available(reader);
  }
  (void)child.try_wait();  // Where it lives, its destructor has the last word.
  co_return ChildResult{std::move(readers[0].text), std::move(readers[1].text), code};
}

Awaitable<std::optional<int>> wait_child(asio::io_context& io, sys::Child& child, GiveUp give_up) {
  std::optional<int> code;
  while (!code && !give_up()) code = co_await wait_child(io, child, kAskAfter);
  co_return code;
}

Awaitable<std::optional<int>> wait_child(asio::io_context& io, sys::Child& child, Duration limit) {
  if (!child.exit_code()) co_await wait_exit(io, child, limit);
  const Result<std::optional<int>> code = child.try_wait();
  co_return code ? *code : std::nullopt;
}

Awaitable<std::optional<int>> see_end(asio::io_context& io, sys::Child& child, GiveUp give_up) {
  while (!child.try_see_end().value_or(std::nullopt) && !give_up()) co_await wait_exit(io, child, kAskAfter);
  co_return child.exit_code();
}

}  // namespace stapsh::client
