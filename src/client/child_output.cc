// SPDX-License-Identifier: Apache-2.0
#include "client/child_output.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/post.hpp>

#include "sys/clock.h"
#include "sys/io.h"
#include "sys/process_tree.h"

namespace stapsh::client {
namespace {

constexpr Duration kAskAgainAfter = std::chrono::milliseconds(10);

}  // namespace

Awaitable<std::string> read_all(asio::io_context& io, sys::UniqueFd pipe, std::size_t bytes_max) {
  Descriptor descriptor(io, pipe.release());
  std::string all;
  std::array<char, 8'192> buffer;
  while (true) {
    const auto [error, size] = co_await descriptor.async_read_some(asio::buffer(buffer), kAsTuple);
    if (error) co_return all;
    all.append(buffer.data(), std::min(size, bytes_max - all.size()));
  }
}

Awaitable<std::optional<int>> wait_child(asio::io_context& io, sys::Child& child, Duration limit) {
  if (child.exit_code()) co_return child.exit_code();
  const TimePoint deadline = sys::deadline_after(limit);
  Result<sys::UniqueFd> pidfd = sys::duplicate(child.ref().fd());
  if (pidfd) {
    // A pidfd is readable once the process has ended: pidfd_open(2).
    Descriptor descriptor(io, pidfd->release());
    asio::steady_timer timer(io, deadline);
    timer.async_wait([&descriptor](asio::error_code error) {
      if (!error) descriptor.cancel();
    });
    (void)co_await descriptor.async_wait(Descriptor::wait_read, kAsTuple);
    timer.cancel();
    co_await asio::post(io, asio::use_awaitable);  // Its handler refers to this frame: let it run first.
  }
  // Without a descriptor to spare it is asked now and then.
  while (!pidfd && !child.ref().has_exited() && sys::now() < deadline) {
    asio::steady_timer pause(io, kAskAgainAfter);
    (void)co_await pause.async_wait(kAsTuple);
  }
  const Result<std::optional<int>> code = child.try_wait();
  co_return code ? *code : std::nullopt;
}

void kill_tree(const sys::Child& child) {
  const pid_t session = ::getsid(child.pid());
  for (const pid_t pid : sys::descendants(child.pid())) {
    if (::getsid(pid) != session) continue;
    const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
    if (process) (void)process->send(SIGKILL);
  }
  (void)child.ref().send(SIGKILL);
}

}  // namespace stapsh::client
