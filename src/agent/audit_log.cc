// SPDX-License-Identifier: Apache-2.0
#include "agent/audit_log.h"

#include <unistd.h>

#include <utility>

#include "policy/audit_text.h"
#include "sys/log_socket.h"

namespace stapsh::agent {
namespace {

constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
constexpr const char* kSyslogSocket = "/dev/log";

// Whoever must know what runs there would know it in part.
Result<> write_syslog(const policy::AuditRecord& record) {
  const bool must_be_whole =
      record.asked == policy::Logging::kRequired && record.event == policy::AuditRecord::Event::kStarted;
  if (must_be_whole && !policy::fits_message(record)) {
    return fail(Errc::kLimit, std::string(kSyslogSocket) +
                                  ": its arguments, with the files that they name and its variables, are too long for "
                                  "a line of " +
                                  std::to_string(policy::kAuditMessageBytesMax) + " bytes");
  }
  return sys::send_to_log(kSyslogSocket, policy::syslog_line(record, sys::syslog_time(), static_cast<int>(::getpid())));
}

}  // namespace

Result<> write_audit(const policy::AuditRecord& record) {
  const Result<> journal = sys::send_to_journal(kJournalSocket, policy::journal_entry(record));
  if (journal) return {};
  const Result<> syslog = write_syslog(record);
  if (syslog) return {};
  return fail(Errc::kSystem, "the run can't be logged: " + journal.error().what + "; " + syslog.error().what);
}

LoggedRun logged_run(const policy::AuditRecord& started) {
  return {.who = started.who, .from = started.from, .runner = started.runner, .line = started.line};
}

void audit_orphan(const SessionRecord& record, const std::vector<LeftLine>& left, std::string by) {
  if (record.logged.who.empty()) return;
  policy::AuditRecord ended;
  ended.event = policy::AuditRecord::Event::kEnded;
  ended.who = record.logged.who;
  ended.from = record.logged.from;
  ended.session = record.workspace.substr(record.workspace.rfind('/') + 1);
  ended.runner = record.logged.runner;
  ended.line = record.logged.line;
  ended.reason = "its agent is dead; how the runner ended is not known";
  ended.left.emplace();
  for (const LeftLine& thing : left) ended.left->push_back(thing.kind + " " + thing.name);
  ended.by = std::move(by);
  (void)write_audit(ended);
}

}  // namespace stapsh::agent
