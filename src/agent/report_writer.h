// SPDX-License-Identifier: Apache-2.0
// What the agent reports on standard error. That may be gone, or full: it must not change what happens. Of a turn's
// reports, the waits count together; once one was waited for in vain, those that do not go at once are dropped.
#pragma once

#include <string_view>

#include "base/time.h"

namespace stapsh::agent {

class ReportWriter {
 public:
  /// `fd` stays the caller's.
  explicit ReportWriter(int fd) : fd_(fd) {}

  /// A new turn of the loop, with its own time to wait.
  void begin_turn() { time_left_ = kTurnLimit; }
  /// One line. Lost if nobody takes it in time.
  void say(std::string_view text);

 private:
  // How long a report may wait, before we look whether somebody has something to say.
  static constexpr Duration kTurnLimit = std::chrono::milliseconds(100);

  int fd_;
  bool is_stuck_ = false;
  Duration time_left_ = kTurnLimit;
};

}  // namespace stapsh::agent
