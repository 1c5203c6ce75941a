// SPDX-License-Identifier: Apache-2.0
// One timer on the steady clock that an event loop can wait for.
#pragma once

#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

class TimerFd {
 public:
  TimerFd() = default;
  static Result<TimerFd> create();

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Readable from `when` on, at once if that has passed; nothing: never. Replaces what was armed before.
  void arm(std::optional<TimePoint> when);
  /// Makes it unreadable until it expires again; true if it had expired.
  bool clear();

 private:
  UniqueFd fd_;
  std::optional<TimePoint> armed_;  // Arming the same again costs nothing.
};

}  // namespace stapsh::sys
