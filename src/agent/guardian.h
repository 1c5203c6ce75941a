// SPDX-License-Identifier: Apache-2.0
// A small process beside the agent that does what the agent would have done, if the agent disappears
// (SIGKILL, the OOM killer). Forked before the first file is written. A parent-death signal would be
// no net: exec of set-user-ID staprun clears it (prctl(2)).
#pragma once

#include "base/result.h"
#include "sys/child.h"
#include "sys/unique_fd.h"
#include "sys/workspace.h"

namespace stapsh::agent {

class Guardian {
 public:
  Guardian() = default;

  /// Forks it; it shares the workspace and its lock. It also has swept what dead sessions left.
  static Result<Guardian> start(sys::Workspace& workspace);

  [[nodiscard]] bool watches() const { return leash_.valid(); }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  /// Readable once it has ended: no SIGCHLD tells of it, and no wait for children counts it.
  [[nodiscard]] int fd() const { return process_.fd(); }
  /// It has ended: somebody killed it.
  void note_gone();
  /// All is cleaned up; it may go. Waits for its end, for a bounded time.
  void dismiss();

 private:
  sys::UniqueFd leash_;  // While it is open, the agent lives.
  sys::ProcessRef process_;
};

}  // namespace stapsh::agent
