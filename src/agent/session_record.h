// SPDX-License-Identifier: Apache-2.0
// What a session leaves in its workspace for whoever must clean up after it: who its runner is. Written
// before the runner executes, so that no runner ever lives without one. A dot begins the file's name:
// no uploaded file can be called so.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sys/workspace.h"

namespace stapsh::agent {

struct SessionRecord {
  pid_t agent = -1;
  std::uint64_t agent_start = 0;  ///< sys::process_start(): a pid alone may be another's by now.
  pid_t runner = -1;              ///< Also the id of its session (setsid).
  std::uint64_t runner_start = 0;
  int stop_signal = 0;
  Duration grace{};
  std::string module{};             ///< A kernel module's name without ".ko"; empty if there is none.
  bool renamed = false;             ///< It was loaded under a name of its own alone (staprun -R).
  std::uint64_t pid_namespace = 0;  ///< In which the pids mean something: sys::pid_namespace(); 0: unknown.
  bool operator==(const SessionRecord&) const = default;
};

/// Whether its pids are of another pid namespace than ours: they say nothing about the processes that we see. False if
/// either is unknown.
bool is_elsewhere(const SessionRecord& record);

Result<> write_record(const sys::Workspace& workspace, const SessionRecord& record);

/// None: no runner was ever started, or the file is not ours. From before a reboot: a record without a runner. An
/// error: it may be there, and can't be read now. `workspace`: its directory's descriptor.
Result<std::optional<SessionRecord>> read_record(int workspace);

}  // namespace stapsh::agent
