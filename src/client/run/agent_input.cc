// SPDX-License-Identifier: Apache-2.0
#include "client/run/agent_input.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "client/relay/control.h"
#include "sys/pass_descriptor.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kJoinedBytesMax = 4'096;

// What is said to an agent that may have gone.
bool may_come_late(std::string_view command) { return command == "quit\n" || command == "ping\n"; }

}  // namespace

void AgentInput::send(std::string command) {
  if (ended_) return;
  if (!may_come_late(command) && may_join()) {
    unsent_.back().bytes += command;
  } else {
    unsent_.push_back({std::move(command), nullptr, nullptr});
  }
  changed_.announce();
}

void AgentInput::send(const std::shared_ptr<const std::string>& content) {
  if (ended_ || content->empty()) return;
  // A small one goes along with its command: each write can be a message on the way.
  if (content->size() <= kJoinedBytesMax && may_join()) {
    unsent_.back().bytes += *content;
    return changed_.announce();
  }
  unsent_.push_back({{}, content, nullptr});
  changed_.announce();
}

// Behind what is not sent yet, and must be.
bool AgentInput::may_join() const {
  return !unsent_.empty() && !unsent_.back().shared && !unsent_.back().secret && !may_come_late(unsent_.back().bytes);
}

void AgentInput::send(std::shared_ptr<const sys::Secret> secret) {
  if (ended_) return;
  unsent_.push_back({{}, nullptr, std::move(secret)});
  changed_.announce();
}

void AgentInput::end() {
  unsent_.clear();
  ended_ = true;
  changed_.announce();
  asio::error_code ignored;  // It is closed already.
  if (waits_) (void)fd_.cancel(ignored);
}

bool AgentInput::owes() const {
  return !std::all_of(unsent_.begin(), unsent_.end(), [](const Piece& each) { return may_come_late(each.bytes); });
}

// Some bytes of it, or all of it as a descriptor.
Result<sys::IoResult> AgentInput::write_some(Piece& piece) {
  if (!lent_ || !piece.shared || piece.shared->size() < kMarkedFileBytesMin) {
    const sys::IoResult wrote = TRY(sys::write_some(fd_.native_handle(), piece.rest()));
    piece.sent += wrote.bytes;
    return wrote;
  }
  const int content = TRY(lent_->descriptor_of(piece.shared));
  const sys::IoResult wrote = TRY(sys::send_descriptor(fd_.native_handle(), kFileMark, content));
  if (!wrote.would_block) piece.sent = piece.shared->size();
  return wrote;
}

Awaitable<Result<>> AgentInput::write(std::function<void()> on_progress) {
  Result<> result;
  while (true) {
    while (unsent_.empty() && !ended_) co_await changed_.wait();
    if (unsent_.empty()) break;
    Piece& piece = unsent_.front();
    const Result<sys::IoResult> wrote = write_some(piece);
    if (!wrote) {
      if (owes()) result = fail(wrote.error());
      break;
    }
    const bool yields = wrote->would_block || piece.shared;  // A file must not keep the other targets waiting.
    if (piece.rest().empty()) unsent_.pop_front();
    if (wrote->bytes > 0) on_progress();
    if (!yields) continue;
    waits_ = true;
    (void)co_await fd_.async_wait(Descriptor::wait_write, kAsTuple);
    waits_ = false;
  }
  end();
  if (is_socket_) {
    if (fd_.is_open()) (void)::shutdown(fd_.native_handle(), SHUT_WR);  // Its other direction goes on.
  } else {
    asio::error_code ignored;  // Nothing is lost with a pipe whose closing fails.
    (void)fd_.close(ignored);
  }
  co_return result;
}

}  // namespace stapsh::client
