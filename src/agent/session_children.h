// SPDX-License-Identifier: Apache-2.0
// The processes of a session: its runner, and all that descends from it. We are their subreaper, so they stay below us
// whatever they make of their parents and sessions. Below us, but not the session's: children that were ours before we
// were stapsh (a login script began them and executed us), and our own helpers, the guardian and the sweep.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "sys/child.h"

namespace stapsh::agent {

class SessionChildren {
 public:
  /// The pids of our helpers that live now; -1 stands for nobody. Asked for each time: a number that is kept may become
  /// another's.
  using Helpers = std::span<const pid_t>;

  /// From now on orphans come to us; the children that we have already are not the session's.
  Result<> begin();

  void set_runner(sys::Child runner) { runner_ = std::move(runner); }
  /// Reaps all that have ended. Returns the runner's exit code (see sys::Child) if it was among them.
  std::optional<int> reap();

  /// Whether any is left, living or not reaped.
  [[nodiscard]] bool exist(Helpers helpers) const;
  /// The runner has been reaped, and none is left.
  [[nodiscard]] bool all_gone(Helpers helpers) const { return runner_.exit_code() && !exist(helpers); }

  /// Those that live.
  [[nodiscard]] std::vector<pid_t> living(Helpers helpers) const;

  void signal_runner(int signo) const;
  /// To each of them. SIGKILL also gets those that fork faster than we look.
  void signal_all(int signo, Helpers helpers) const;

 private:
  [[nodiscard]] bool is_of_session(pid_t pid, Helpers helpers) const;

  sys::Child runner_;
  std::vector<pid_t> inherited_;  // Not the session's.
};

}  // namespace stapsh::agent
