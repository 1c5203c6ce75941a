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

/// As fork(2), but the child stands aside: no SIGCHLD tells of its end (its fd() does), reap_available() does not reap
/// it and has_children() does not count it. An orphan that comes to a subreaper is never such a child, nor is one that
/// has executed a program. Source: clone(2), `__WCLONE` in wait(2). Returns an invalid ProcessRef in the child.
Result<ProcessRef> fork_aside();
/// Whether such a child was stopped (SIGSTOP) since it was last asked: a SIGCHLD tells of that.
bool was_stopped_aside(const ProcessRef& process);
/// Reaps such a child once it has ended; nothing before that.
void reap_aside(const ProcessRef& process);

}  // namespace stapsh::sys
