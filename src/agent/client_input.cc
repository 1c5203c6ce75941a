// SPDX-License-Identifier: Apache-2.0
#include "agent/client_input.h"

#include <utility>

#include "sys/io.h"

namespace stapsh::agent {
namespace {

constexpr std::size_t kReadBytesMax = 65'536;

}  // namespace

Result<> ClientInput::open(int fd, std::string first, const sys::Epoll& epoll, std::uint64_t id) {
  bytes_ = std::move(first);
  fd_ = TRY(sys::open_nonblocking(fd));
  watch_ = TRY(epoll.add(fd_.get(), EPOLLIN | EPOLLRDHUP | EPOLLET, id));
  ready_ = true;
  return {};
}

bool ClientInput::fill() {
  if (!bytes_.empty() || ended_ || !ready_) return false;
  bytes_.resize(kReadBytesMax);
  const Result<sys::IoResult> got = fd_.read(bytes_);
  bytes_.resize(got ? got->bytes : 0);
  ended_ = !got || got->end;
  if (!got) error_ = "commands: " + got.error().what;
  if (ended_ || got->would_block) ready_ = watch_.always_ready() && !ended_;
  return ended_;
}

bool ClientInput::skip() {
  bytes_.clear();
  ready_ = true;
  (void)fill();
  return ended_;
}

std::optional<ClientInput::End> ClientInput::take_end() {
  if (!bytes_.empty() || !std::exchange(ended_, false)) return std::nullopt;
  return End{error_};
}

}  // namespace stapsh::agent
