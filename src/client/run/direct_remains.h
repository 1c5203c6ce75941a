// SPDX-License-Identifier: Apache-2.0
// What a runner of direct: may leave behind: its folder, and what it started. No agent is there to see to it.
#pragma once

#include <string>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "session/client_effect.h"
#include "sys/cgroup.h"
#include "sys/child.h"
#include "sys/workspace.h"

namespace stapsh::client {

class DirectRemains {
 public:
  Result<> make_workspace();
  [[nodiscard]] const sys::Workspace& workspace() const { return workspace_; }

  /// Has the runner start in a cgroup of its own, where there can be one.
  void contain(sys::SpawnOptions& spawn);
  void note_started(const sys::Child& runner);
  /// SIGKILL to all in the cgroup.
  void kill();
  /// Who outlives the runner may take `grace` to end by itself.
  Awaitable<> end(asio::io_context& io, Duration grace);
  /// Removes what is ours, and says in `outcome` what is left. `runner`: null if it never started; not reaped, else its
  /// session's id could be another's by now. `may_leave_module`: whether one is loaded is not known.
  void look(const sys::Child* runner, bool may_leave_module, Outcome& outcome);

 private:
  sys::Workspace workspace_;
  sys::Cgroup cgroup_;  // Of the runner and all that it starts, where there can be one.
  std::string blind_;   // Else: why there is none.
};

}  // namespace stapsh::client
