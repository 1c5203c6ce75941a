// SPDX-License-Identifier: Apache-2.0
// What is left of a session, and its end: processes, a kernel module, the workspace, the record. Used by the agent
// at the end of its own session, by the guardian when the agent is dead, and by the sweep when both are.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "agent/record_file.h"
#include "agent/session_record.h"
#include "base/result.h"
#include "protocol/agent_line.h"
#include "sys/cgroup.h"
#include "sys/process_tree.h"
#include "sys/workspace.h"

namespace stapsh::agent {

/// The session's living processes: by its cgroup, by its runner's session, and by what the environment of those of our
/// user says that made a session of their own.
/// `by_session`: also by the id of the runner's session after the runner itself has ended. Only for who knows that the
/// session is of just now: later its id can be another's.
sys::Seen session_processes(const SessionRecord& record, bool by_session);

/// The end of a session's cgroup: kills who lives in it still, adds those that stay, and removes it; or it is left,
/// too. One that was never made is no matter.
void end_cgroup(sys::Cgroup& cgroup, std::vector<LeftLine>& left);

/// What a session has on the disk. The file, and so its lock, outlives the workspace.
struct SessionFiles {
  sys::Workspace workspace;
  RecordFile record;
};

/// The end of both: removed, the record last, if nothing is `left` of the session; else let go of, since the record
/// tells the next sweep where to go on, and the workspace is left, too. An error says why it could not be removed: then
/// it is left as well, and may be tried again.
Result<> close_files(SessionFiles& files, std::vector<LeftLine>& left);

/// Which processes may be the session's.
enum class Processes {
  kOfJustNow,  ///< See `by_session` above.
  kOfBefore,   ///< Its runner may have ended long ago.
  kNone,       ///< They are gone.
};

/// Stops what lives (the runner's stop signal, SIGTERM, SIGKILL, each with its grace time), unloads, removes. Waits
/// until it is done. Returns what could not be ended, `left` first, with which nothing is removed.
/// `record` must be one that can be believed: of our own agent, or of a RecordFile, and then not of elsewhere.
std::vector<LeftLine> end_session(SessionFiles files, const SessionRecord& record, Processes processes,
                                  std::vector<LeftLine> left = {});

}  // namespace stapsh::agent
