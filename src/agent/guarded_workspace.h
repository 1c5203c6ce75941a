// SPDX-License-Identifier: Apache-2.0
// A session's workspace and record, together with the guardian that watches over them. Neither is there without the
// other: nothing may be written that nobody would remove after us.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/guardian.h"
#include "agent/session_record.h"
#include "agent/session_remains.h"
#include "base/result.h"
#include "protocol/agent_line.h"
#include "sys/cgroup_limits.h"
#include "sys/epoll_set.h"
#include "sys/workspace.h"

namespace stapsh::agent {

class GuardedWorkspace {
 public:
  /// Makes them, if they are not there yet. `id`: see sys::Workspace::create(). The guardian's end is an event with
  /// `guardian_id`: tell note_guardian_gone(). `limits`: what its runner will be held to.
  Result<> ensure(const std::optional<std::string>& id, const sys::CgroupLimits& limits, const sys::Epoll& epoll,
                  std::uint64_t guardian_id);

  [[nodiscard]] bool exists() const { return files_.workspace.valid(); }
  [[nodiscard]] const sys::Workspace& workspace() const { return files_.workspace; }
  /// The record of it, as it was before a runner.
  [[nodiscard]] const SessionRecord& begun_record() const { return begun_; }
  /// Why no record can be kept, where there is a folder for it: only the guardian knows of the session then. Said once.
  std::optional<Error> take_unrecorded() { return std::exchange(unrecorded_, std::nullopt); }
  /// What whoever cleans up after us goes by from now on.
  Result<> write(const SessionRecord& record);
  /// -1 if there is none.
  [[nodiscard]] pid_t guardian_pid() const { return guardian_.pid(); }
  void note_guardian_gone();
  /// See Guardian::keep_going().
  void keep_guardian_going() const { guardian_.keep_going(); }

  /// An error of work in it, with what to do about it: see with_advice().
  [[nodiscard]] Error advised(const Error& error) const;

  /// The end of the files: see close_files(). The guardian still watches.
  Result<> close(std::vector<LeftLine>& left);
  /// Of the guardian: nothing is left to do for it.
  void dismiss_guardian();

 private:
  SessionFiles files_;
  std::vector<SessionFiles> unfinished_;  // Of no use, and still there.
  SessionRecord begun_;
  std::optional<Error> unrecorded_;
  Guardian guardian_;
  sys::Watch guardian_watch_;
};

}  // namespace stapsh::agent
