// SPDX-License-Identifier: Apache-2.0
// epoll(7), level-triggered. Not called epoll.h: with src/ among the include paths, <sys/epoll.h> would be this file.
// A Watch is a registration that ends before its descriptor closes.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "base/time.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

struct Event {
  std::uint64_t id = 0;
  std::uint32_t events = 0;  ///< EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR, …
};

/// One descriptor's registration. Must go before its descriptor and before its Epoll.
class Watch {
 public:
  Watch() = default;
  Watch(Watch&& other) noexcept;
  Watch& operator=(Watch&& other) noexcept;
  ~Watch() { reset(); }

  [[nodiscard]] bool active() const { return fd_ >= 0; }
  /// A regular file, a directory, /dev/null: epoll refuses them (EPERM) because they are always ready. Nothing is
  /// registered, no event will come: act at once.
  [[nodiscard]] bool always_ready() const { return always_ready_; }
  /// Waits for `events` from now on; 0 leaves only EPOLLHUP and EPOLLERR. The same again costs nothing.
  Result<> modify(std::uint32_t events);
  void reset();

 private:
  friend class Epoll;
  int epoll_ = -1;
  int fd_ = -1;
  std::uint32_t events_ = 0;
  std::uint64_t id_ = 0;
  bool always_ready_ = false;
};

class Epoll {
 public:
  Epoll() = default;
  static Result<Epoll> create();

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Registers `fd`, which stays the caller's; its events carry `id`. See Watch::always_ready().
  [[nodiscard]] Result<Watch> add(int fd, std::uint32_t events, std::uint64_t id) const;
  /// Waits until something happens or `deadline` (none: for ever); fills `events` from the front, returns how many.
  /// 0: the deadline, or a signal handler ran, or an hour has passed.
  [[nodiscard]] Result<std::size_t> wait(std::span<Event> events, std::optional<TimePoint> deadline = {}) const;

 private:
  UniqueFd fd_;
};

}  // namespace stapsh::sys
