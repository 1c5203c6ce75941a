// SPDX-License-Identifier: Apache-2.0
// A descriptor that is readable from ring() until clear(): how a thread wakes another that waits in poll(2). Source:
// eventfd(2).
#pragma once

#include <sys/eventfd.h>

#include <cerrno>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

class EventFd {
 public:
  static Result<EventFd> create() {
    UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd.valid()) return fail_errno("eventfd", errno);
    return EventFd(std::move(fd));
  }

  [[nodiscard]] int fd() const { return fd_.get(); }
  void ring() const { (void)::eventfd_write(fd_.get(), 1); }
  void clear() const {
    ::eventfd_t rings = 0;
    (void)::eventfd_read(fd_.get(), &rings);
  }

 private:
  explicit EventFd(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace stapsh::sys
