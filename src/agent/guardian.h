// SPDX-License-Identifier: Apache-2.0
// A small process beside the agent that does what the agent would have done, if the agent disappears (SIGKILL, the OOM
// killer), or is stopped (SIGSTOP) and does not go on. Forked before the first file is written. A parent-death signal
// would be no net: exec of set-user-ID staprun clears it (prctl(2)).
#pragma once

#include "agent/session_record.h"
#include "agent/session_remains.h"
#include "base/result.h"
#include "sys/process_ref.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {

class Guardian {
 public:
  Guardian() = default;

  /// Forks it; it shares the files and their locks. It also has swept what dead sessions left.
  static Result<Guardian> start(SessionFiles& files, const SessionRecord& record);

  [[nodiscard]] bool watches() const { return leash_.valid(); }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  /// Readable once it has ended: no SIGCHLD tells of it, and no wait for children counts it.
  [[nodiscard]] int fd() const { return process_.fd(); }
  /// What it goes by from now on, also if we are killed before it reads this.
  [[nodiscard]] Result<> tell(const SessionRecord& record) const;
  /// Lets it go on, if it was stopped (SIGSTOP). A SIGCHLD says that it may have been.
  void keep_going() const;
  /// It has ended: somebody killed it.
  void note_gone();
  /// All is cleaned up; it may go. Waits for its end, for a bounded time.
  void dismiss();

 private:
  sys::UniqueFd leash_;  // While it is open, the agent lives.
  sys::ProcessRef process_;
};

}  // namespace stapsh::agent
