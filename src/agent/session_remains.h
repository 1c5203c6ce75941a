// SPDX-License-Identifier: Apache-2.0
// What is left of a session, and its end: processes, a kernel module, the workspace. Used by the agent
// at the end of its own session, by the guardian when the agent is dead, and by the sweep when both are.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

#include "agent/session_record.h"
#include "base/result.h"
#include "protocol/agent_line.h"
#include "sys/workspace.h"

namespace stapsh::agent {

/// The session's living processes: by its runner's session, and by what the environment of those says
/// that made a session of their own.
/// `by_session`: also by the id of the runner's session after the runner itself has ended. Only for who knows that the
/// session is of just now: later its id can be another's.
std::vector<pid_t> session_processes(const SessionRecord& record, const sys::Workspace& workspace, bool by_session);

/// The end of a workspace: removed, if nothing is `left` of its session; else let go of, since its record tells the
/// next sweep where to go on, and it is left, too. An error says why it could not be removed: then it is left, and may
/// be tried again.
Result<> close_workspace(sys::Workspace& workspace, std::vector<LeftLine>& left);

/// Stops what lives (the runner's stop signal, SIGTERM, SIGKILL, each with its grace time), unloads, removes. Waits
/// until it is done. Returns what could not be ended. `by_session`: see session_processes().
std::vector<LeftLine> end_session(sys::Workspace workspace, bool by_session);

/// Whether there is a session to be swept.
bool dead_sessions_exist();

struct Swept {
  std::size_t removed = 0;
  std::size_t left = 0;  ///< Dead sessions that could not be ended; for who asks, see below, also others.
};
/// Ends what dead sessions of this user left behind in $TMPDIR and /tmp. With `asked_after` (a session's id, or empty)
/// also those count as left that somebody else is ending now, and that session while it is there at all: to look at
/// each session that lives takes its time, so who does not ask does without. Of a session of another pid namespace that
/// lives only what we see of its processes is ended; it is left to an agent there, and counts where that very session
/// is asked after, or none.
Swept sweep_dead_sessions(std::optional<std::string_view> asked_after = {});

}  // namespace stapsh::agent
