// SPDX-License-Identifier: Apache-2.0
// The processes of a session: its runner, and all that descends from it. We are their subreaper, so they stay below us
// whatever they make of their parents and sessions; where we may have a cgroup, they live in one of their own. Below
// us, but not the session's: children that were ours before we were stapsh (a login script began them and executed us),
// and our own helpers, the guardian and the sweep.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "protocol/agent_line.h"
#include "sys/cgroup.h"
#include "sys/cgroup_limits.h"
#include "sys/child.h"
#include "sys/process_tree.h"

namespace stapsh::agent {

class SessionChildren {
 public:
  /// The pids of our helpers that live now; -1 stands for nobody. Asked for each time: a number that is kept may become
  /// another's.
  using Helpers = std::span<const pid_t>;

  /// From now on orphans come to us; the children that we have already are not the session's.
  Result<> begin();

  /// Makes the cgroup that a runner shall start in. An Error says why there is none: without `limits` all else goes on
  /// without one.
  Result<> make_cgroup(const std::string& path, const sys::CgroupLimits& limits);
  [[nodiscard]] const sys::Cgroup& cgroup() const { return cgroup_; }

  /// A runner that did not start in the cgroup leaves us without one.
  void set_runner(sys::Child runner);
  /// Reaps all that have ended. Returns how the runner ended if it was among them.
  std::optional<sys::Reaped> reap();
  /// There may be more to reap: no signal tells of those any more.
  [[nodiscard]] bool reaps_more() const { return reaps_more_; }

  /// Whether any is left, living or not reaped; true where that can't be known.
  [[nodiscard]] bool exist(Helpers helpers) const;
  /// The runner has been reaped, and none is left.
  [[nodiscard]] bool all_gone(Helpers helpers) const { return runner_.exit_code() && !exist(helpers); }

  /// Those that live, as far as they can be seen.
  [[nodiscard]] sys::Seen living(Helpers helpers) const;

  void signal_runner(int signo) const;
  /// To each of them. SIGKILL also gets those that fork faster than we look, within a bound: see is_killing().
  void signal_all(int signo, Helpers helpers);
  /// They were sent SIGKILL: as long as some exist, send it again whenever one has ended, for it may have left a child
  /// that nobody saw.
  [[nodiscard]] bool is_killing() const { return killing_; }

  /// At the end of the session: adds each that lives, by its pid, and why there may be more, if not all could be looked
  /// at. Nothing is added only where the kernel says that there is nobody. Then their cgroup is removed.
  void look_what_is_left(Helpers helpers, std::vector<LeftLine>& left);

 private:
  [[nodiscard]] bool is_of_session(pid_t pid, Helpers helpers) const;
  [[nodiscard]] bool is_orphan_of_inherited(pid_t child) const;
  std::size_t signal_seen(int signo, Helpers helpers, std::set<pid_t>& met) const;

  sys::Child runner_;
  sys::Cgroup cgroup_;
  std::vector<pid_t> inherited_;  // Not the session's,
  bool reaps_more_ = false;
  bool inherits_ = false;  // nor are the orphans of those.
  bool killing_ = false;
};

}  // namespace stapsh::agent
