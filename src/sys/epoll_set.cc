// SPDX-License-Identifier: Apache-2.0
#include "sys/epoll_set.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "sys/clock.h"

namespace stapsh::sys {
namespace {

/// epoll_wait's timeout; rounded up, so that a timer is due when it returns.
int to_timeout(std::optional<TimePoint> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time_left(*deadline));
  return static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000));
}

}  // namespace

Watch::Watch(Watch&& other) noexcept { *this = std::move(other); }

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this == &other) return *this;
  reset();
  epoll_ = std::exchange(other.epoll_, -1);
  fd_ = std::exchange(other.fd_, -1);
  events_ = other.events_;
  id_ = other.id_;
  always_ready_ = std::exchange(other.always_ready_, false);
  return *this;
}

Result<> Watch::modify(std::uint32_t events) {
  if (always_ready_ || events == events_) return {};
  STAPSH_ASSERT(active());
  epoll_event event{};
  event.events = events;
  event.data.u64 = id_;
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event) != 0) return fail_errno("cannot change a watch", errno);
  events_ = events;
  return {};
}

void Watch::reset() {
  if (!active()) return;
  // Fails only if the descriptor or the Epoll closed before its watch: our bug.
  STAPSH_ASSERT(::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd_, nullptr) == 0);
  fd_ = -1;
}

Result<Epoll> Epoll::create() {
  Epoll epoll;
  epoll.fd_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.fd_.valid()) return fail_errno("cannot make an epoll", errno);
  return epoll;
}

Result<Watch> Epoll::add(int fd, std::uint32_t events, std::uint64_t id) const {
  Watch watch;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) == 0) {
    watch.epoll_ = fd_.get();
    watch.fd_ = fd;
    watch.events_ = events;
    watch.id_ = id;
  } else if (errno == EPERM) {
    watch.always_ready_ = true;
  } else {
    return fail_errno("cannot watch a descriptor", errno);
  }
  return watch;
}

Result<std::size_t> Epoll::wait(std::span<Event> events, std::optional<TimePoint> deadline) const {
  STAPSH_ASSERT(!events.empty());
  std::array<epoll_event, 64> ready;
  const auto room = static_cast<int>(std::min(events.size(), ready.size()));
  const int count = ::epoll_wait(fd_.get(), ready.data(), room, to_timeout(deadline));
  if (count < 0) {
    if (errno == EINTR) return std::size_t{0};
    return fail_errno("cannot wait for events", errno);
  }
  const auto filled = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < filled; ++i) events[i] = {ready[i].data.u64, ready[i].events};
  return filled;
}

}  // namespace stapsh::sys
