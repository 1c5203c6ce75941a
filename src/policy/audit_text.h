// SPDX-License-Identifier: Apache-2.0
// An AuditRecord as logs take it: journald's native protocol, and a line for syslog. Nothing in a record can end a
// field, a line or a record: a client's words are among them. Pure.
// Source: systemd's JOURNAL_NATIVE_PROTOCOL and systemd.journal-fields(7); RFC 3164, as syslog(3) sends it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/audit_record.h"

namespace stapsh::policy {

/// The most bytes of a message: rsyslog cuts a longer one.
inline constexpr std::size_t kAuditMessageBytesMax = 8'000;

/// What is known of the run: names are of lower-case letters and `_`. Files that the arguments name come first.
using AuditFields = std::vector<std::pair<std::string_view, std::string>>;
AuditFields audit_fields(const AuditRecord& record);

/// One line of printable ASCII, without a newline: `run started: who="as=oncall" …`. The files that the arguments name
/// stand before the arguments and variables, the others behind them, as many as there is room for in
/// kAuditMessageBytesMax; how many are left out is said. What is too long without those is cut, and says so.
std::string audit_message(const AuditRecord& record);

/// Whether a message has all but files that the arguments do not name.
bool fits_message(const AuditRecord& record);

/// The datagram for journald.
std::string journal_entry(const AuditRecord& record);

/// The datagram for syslog. `time`: "Nov  7 15:04:05".
std::string syslog_line(const AuditRecord& record, std::string_view time, int pid);

/// The fields of a datagram for journald; the framing of a value with newlines is binary.
std::string journal_fields(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace stapsh::policy
