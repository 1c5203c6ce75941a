// SPDX-License-Identifier: Apache-2.0
// Writes what a policy's `log auth` asks for to this machine's log: journald's own protocol, else syslog. What is
// written: policy/audit_record.h; how: policy/audit_text.h.
#pragma once

#include <string>
#include <vector>

#include "agent/session_record.h"
#include "base/result.h"
#include "policy/audit_record.h"
#include "protocol/agent_line.h"

namespace stapsh::agent {

/// An Error says why neither log took it.
Result<> write_audit(const policy::AuditRecord& record);

/// What a session's record has of the run that was logged, so that its end is, too, if its agent dies.
LoggedRun logged_run(const policy::AuditRecord& started);

/// The end of a run whose agent died, if its start was logged: how it ended is not known, `left` is what is there
/// still. `by`: "guardian", "sweep". Nobody is there to be told of an Error.
void audit_orphan(const SessionRecord& record, const std::vector<LeftLine>& left, std::string by);

}  // namespace stapsh::agent
