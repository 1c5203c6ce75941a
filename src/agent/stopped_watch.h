// SPDX-License-Identifier: Apache-2.0
// When an agent that somebody stopped (SIGSTOP, ctrl-Z) is to be taken for one that does not come back. Its session is
// nobody's then: its client is not heard, its runner is not stopped. Only the process's own state counts, looked at
// several times in a row: a machine that sleeps, or is busy, stops nobody, and a process that a debugger holds is in
// another state.
#pragma once

#include <sys/types.h>

#include "base/time.h"

namespace stapsh::agent {

class StoppedWatch {
 public:
  /// How often look() wants to be called.
  static constexpr Duration kLookEvery = std::chrono::seconds(5);
  static constexpr int kLooks = 4;
  /// With a terminal there may be a person who said ctrl-Z, and comes back: ten minutes.
  static constexpr int kLooksWithTerminal = 120;

  explicit StoppedWatch(pid_t pid) : pid_(pid) {}
  /// True: it has been stopped for too long.
  bool look();
  /// The rule alone.
  bool count(bool stopped, bool has_terminal);

 private:
  pid_t pid_;
  int looks_ = 0;  // In which it was stopped, in a row.
};

}  // namespace stapsh::agent
