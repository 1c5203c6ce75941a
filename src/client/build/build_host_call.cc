// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_host_call.h"

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "base/last_line.h"
#include "base/shown_text.h"
#include "client/async/child_output.h"
#include "client/async/kill_tree.h"
#include "sys/clock.h"
#include "sys/io.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kErrorBytesMax = 4'096;
// What the host's cleaning may take: two rungs of a ladder, five seconds each.
constexpr Duration kCleanLimit = std::chrono::seconds(15), kDeathLimit = std::chrono::seconds(2);

}  // namespace

BuildHostCall::BuildHostCall(asio::io_context& io, Connection connection, const std::string& name)
    : io_(io),
      ssh_(*std::move(connection.child)),
      in_(io, connection.to_agent.release()),
      out_(io, connection.from_agent.release()),
      err_(io, connection.errors.release()),
      output_(name),
      errors_end_(io) {}

Awaitable<Result<BuildHostOutput>> BuildHostCall::run(std::string_view files, Duration connect_limit,
                                                      LastAsked last_asked) {
  asio::co_spawn(io_, read_errors(), asio::detached);
  asio::steady_timer limit(io_);
  limit_connecting(limit, sys::now(), connect_limit, last_asked);
  co_await read_output(true);
  limit.cancel();
  co_await asio::post(io_, asio::use_awaitable);  // Its handler refers to us: let it run first.
  if (output_.ready() && !stopped_) co_await send(files);
  co_await read_output(false);
  co_await end_connection();
  if (output_.complete()) co_return std::move(output_);
  co_return fail(too_slow_ ? Errc::kTimeout : Errc::kPeer, why_it_ended());
}

void BuildHostCall::limit_connecting(asio::steady_timer& timer, TimePoint begun, Duration limit,
                                     const LastAsked& last_asked) {
  timer.expires_at(begun + limit);
  timer.async_wait([this, &timer, begun, limit, &last_asked](asio::error_code error) {
    if (error || output_.ready() || output_.ended() || out_ended_) return;
    const std::optional<TimePoint> asked = last_asked && !stopped_ ? last_asked() : std::nullopt;
    if (asked && *asked > begun) return limit_connecting(timer, *asked, limit, last_asked);
    too_slow_ = true;
    kill();
  });
}

void BuildHostCall::stop() {
  stopped_ = true;
  asio::error_code ignored;  // It is closed, whatever it said.
  if (in_.is_open()) (void)in_.close(ignored);
}

void BuildHostCall::kill() {
  stop();
  if (!ssh_.exit_code()) kill_tree(ssh_);
}

Awaitable<> BuildHostCall::read_errors() {
  std::array<char, 4'096> buffer;
  while (true) {
    const Result<sys::IoResult> got = sys::read_some(err_.native_handle(), buffer);
    if (!got || got->end) break;
    errors_.append(buffer.data(), got->bytes);
    if (errors_.size() > kErrorBytesMax) errors_.erase(0, errors_.size() - kErrorBytesMax);
    if (!got->would_block) continue;
    const auto [error] = co_await err_.async_wait(Descriptor::wait_read, kAsTuple);
    if (error) break;
  }
  errors_ended_ = true;
  errors_end_.announce();
}

Awaitable<> BuildHostCall::read_output(bool to_ready) {
  std::array<char, 65'536> buffer;
  while (!out_ended_ && !output_.ended() && !(to_ready && output_.ready())) {
    const Result<sys::IoResult> got = sys::read_some(out_.native_handle(), buffer);
    if (got && got->would_block) {
      (void)co_await out_.async_wait(Descriptor::wait_read, kAsTuple);
    } else {
      out_ended_ = !got || got->end;
      if (!out_ended_) output_.add({buffer.data(), got->bytes});
    }
  }
}

// The descriptor stays open behind the files: as long as it is, the host goes on.
Awaitable<> BuildHostCall::send(std::string_view files) {
  while (!files.empty() && !stopped_) {
    const Result<sys::IoResult> put = sys::write_some(in_.native_handle(), files);
    if (!put) co_return;  // Who does not read any more has said why, or ssh has.
    files.remove_prefix(put->bytes);
    if (put->would_block) (void)co_await in_.async_wait(Descriptor::wait_write, kAsTuple);
  }
}

Awaitable<> BuildHostCall::end_connection() {
  asio::error_code ignored;  // See stop().
  if (in_.is_open()) (void)in_.close(ignored);
  if (!co_await wait_child(io_, ssh_, kCleanLimit)) {
    kill_tree(ssh_);
    (void)co_await wait_child(io_, ssh_, kDeathLimit);
  }
  // A master of several connections has it open as long as it lives.
  (void)err_.cancel(ignored);
  while (!errors_ended_) co_await errors_end_.wait();
}

std::string BuildHostCall::why_it_ended() const {
  if (too_slow_) return "it does not answer in time (--connect-timeout)";
  if (output_.ended()) return "its answer makes no sense; see what its login shell prints: try ssh by hand";
  // Before it may stand a banner, of any length.
  if (const std::string_view said = last_line(errors_); !said.empty()) return shown_text(said);
  if (!output_.ready()) return "ssh failed; try ssh by hand";
  return "the build there ended without a word: most likely it was killed, or the connection broke";
}

}  // namespace stapsh::client
