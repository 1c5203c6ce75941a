// SPDX-License-Identifier: Apache-2.0
// A session's workspace together with the guardian that watches over it. Neither is there without the other: nothing
// may be written that nobody would remove after us.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/guardian.h"
#include "base/result.h"
#include "protocol/agent_line.h"
#include "sys/epoll_set.h"
#include "sys/workspace.h"

namespace stapsh::agent {

class GuardedWorkspace {
 public:
  /// Makes both, if they are not there yet. `name`: see sys::Workspace::create(). The guardian's end is an event with
  /// `guardian_id`: tell note_guardian_gone().
  Result<> ensure(const std::optional<std::string>& name, const sys::Epoll& epoll, std::uint64_t guardian_id);

  [[nodiscard]] bool exists() const { return workspace_.valid(); }
  [[nodiscard]] const sys::Workspace& workspace() const { return workspace_; }
  /// -1 if there is none.
  [[nodiscard]] pid_t guardian_pid() const { return guardian_.pid(); }
  void note_guardian_gone();

  /// An error of work in it, with what to do about it: see with_advice().
  [[nodiscard]] Error advised(const Error& error) const;

  /// The end of both: see close_workspace().
  Result<> close(std::vector<LeftLine>& left);

 private:
  sys::Workspace workspace_;
  Guardian guardian_;
  sys::Watch guardian_watch_;
};

}  // namespace stapsh::agent
