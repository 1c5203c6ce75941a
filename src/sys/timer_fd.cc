// SPDX-License-Identifier: Apache-2.0
#include "sys/timer_fd.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/assert.h"

namespace stapsh::sys {

Result<TimerFd> TimerFd::create() {
  TimerFd timer;
  timer.fd_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.fd_.valid()) return fail_errno("cannot make a timer", errno);
  return timer;
}

void TimerFd::arm(std::optional<TimePoint> when) {
  if (when == armed_) return;
  armed_ = when;
  itimerspec spec{};
  if (when) {
    // All zero would disarm it: the earliest time is 1 ns after the clock's start.
    const auto at = std::max(when->time_since_epoch(), Duration(1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at);
    spec.it_value = {seconds.count(), std::chrono::nanoseconds(at - seconds).count()};
  }
  STAPSH_ASSERT(::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

bool TimerFd::clear() {
  std::uint64_t expirations = 0;
  const bool expired = ::read(fd_.get(), &expirations, sizeof expirations) == static_cast<ssize_t>(sizeof expirations);
  if (expired) armed_.reset();
  return expired;
}

}  // namespace stapsh::sys
