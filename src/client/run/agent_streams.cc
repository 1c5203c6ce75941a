// SPDX-License-Identifier: Apache-2.0
#include "client/run/agent_streams.h"

#include <sys/socket.h>

#include <array>
#include <asio/buffer.hpp>
#include <utility>

#include "client/async/child_output.h"
#include "client/async/kill_tree.h"

namespace stapsh::client {
namespace {

// What a transport may take to end once its agent has: then it is killed.
constexpr Duration kTransportEndLimit = std::chrono::seconds(3);
constexpr Duration kAskAgainAfter = std::chrono::milliseconds(20);
constexpr std::size_t kErrorBytes = 4'096;

std::optional<Descriptor> pipe_of(asio::io_context& io, sys::UniqueFd& fd) {
  if (!fd.valid()) return std::nullopt;
  return Descriptor(io, fd.release());
}

}  // namespace

AgentStreams::AgentStreams(asio::io_context& io, Connection connection)
    : io_(io),
      output_(io, connection.from_agent.release()),
      input_pipe_(pipe_of(io, connection.to_agent)),
      input_(io, input_pipe_ ? *input_pipe_ : output_, !input_pipe_, std::move(connection.lent)),
      child_(std::move(connection.child)),
      ask_again_(io),
      connecting_(connection.connecting),
      rich_(connection.rich) {
  if (connection.errors.valid()) errors_.emplace(io, connection.errors.release());
}

Awaitable<Result<>> AgentStreams::finish_connecting(const Transport& transport, const ReachOptions& options) {
  if (!connecting_) co_return Result<>();
  (void)co_await output_.async_wait(Descriptor::wait_write, kAsTuple);
  while (true) {
    const Result<bool> connected = transport.connected(output_.native_handle(), options);
    if (!connected) co_return fail(connected.error());
    if (*connected) co_return Result<>();
    if (given_up_) co_return fail(Errc::kTimeout, "it was not connected");
    ask_again_.expires_after(kAskAgainAfter);
    (void)co_await ask_again_.async_wait(kAsTuple);
  }
}

Awaitable<> AgentStreams::wait_output() { (void)co_await output_.async_wait(Descriptor::wait_read, kAsTuple); }

Result<sys::IoResult> AgentStreams::read_output(std::string& buffer) {
  return sys::read_some(output_.native_handle(), buffer);
}

void AgentStreams::stop_waiting() {
  given_up_ = true;
  ask_again_.cancel();
  asio::error_code ignored;  // It is closed already.
  (void)output_.cancel(ignored);
}

Awaitable<> AgentStreams::read_errors(TakeBytes take) {
  std::array<char, kErrorBytes> buffer;
  while (true) {
    const auto [error, size] = co_await errors_->async_read_some(asio::buffer(buffer), kAsTuple);
    if (error) co_return;
    take(std::string_view(buffer.data(), size));
  }
}

Awaitable<std::optional<int>> AgentStreams::close(TakeBytes take) {
  std::optional<int> exit_code;
  input_.end();
  asio::error_code ignored;  // Closing what was read loses nothing.
  (void)output_.close(ignored);
  if (child_) {
    exit_code = co_await wait_child(io_, *child_, kTransportEndLimit);
    child_hung_ = !exit_code;
    if (child_hung_) {
      kill_tree(*child_);
      (void)co_await wait_child(io_, *child_, kTransportEndLimit);
    }
  }
  if (errors_) {
    // All that its child wrote is in the pipe; a grandchild that holds it open has nothing to say to us.
    std::array<char, kErrorBytes> buffer;
    while (true) {
      const Result<sys::IoResult> got = sys::read_some(errors_->native_handle(), buffer);
      if (!got || got->bytes == 0) break;
      take(std::string_view(buffer.data(), got->bytes));
    }
    (void)errors_->cancel(ignored);
  }
  child_.reset();
  co_return exit_code;
}

// Nothing is there yet that had to be stopped, and an ssh that hangs, or whoever never said hello, does not look at its
// input.
void AgentStreams::cut() {
  if (child_) {
    kill_tree(*child_);
  } else if (output_.is_open()) {
    (void)::shutdown(output_.native_handle(), SHUT_RDWR);
    given_up_ = true;
  }
}

void AgentStreams::kill_child() {
  if (child_) kill_tree(*child_);
}

}  // namespace stapsh::client
