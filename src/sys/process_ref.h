// SPDX-License-Identifier: Apache-2.0
// A process that stays the same process: its pid for people, its pidfd for signals (Linux 5.3).
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "base/time.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// Refers to a process; closes, never kills. Signals can't reach another process that got the same number.
class ProcessRef {
 public:
  ProcessRef() = default;
  /// `pid` must be somebody who can't be reaped meanwhile (our child), or the caller checks who it is afterwards.
  static Result<ProcessRef> open(pid_t pid);

  [[nodiscard]] bool valid() const { return fd_.valid(); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Readable once the process has ended.
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// A process that is gone is an Error with ESRCH; one that we may not signal, EPERM.
  [[nodiscard]] Result<> send(int signo) const;
  /// True from the moment that it is a zombie.
  [[nodiscard]] bool has_exited() const;
  /// Waits for its end, at most `limit`; false: it still lives. Does not reap.
  [[nodiscard]] Result<bool> wait_exit(Duration limit) const;

 private:
  pid_t pid_ = -1;
  UniqueFd fd_;
};

}  // namespace stapsh::sys
