// SPDX-License-Identifier: Apache-2.0
// One datagram to a socket where a log of this machine listens. Source: unix(7); what is too large for a datagram goes
// in a sealed memfd, as systemd's JOURNAL_NATIVE_PROTOCOL has it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace stapsh::sys {

/// How long a log that does not read is waited for.
inline constexpr Duration kLogLimit = std::chrono::seconds(1);

/// Errors name the path: nobody listens there, or does not read. EMSGSIZE: it is too large.
Result<> send_to_log(const std::string& path, std::string_view bytes);

/// The same of any size, for journald.
Result<> send_to_journal(const std::string& path, std::string_view bytes);

/// "Nov  7 15:04:05", this machine's time, as syslog's lines begin.
std::string syslog_time();

}  // namespace stapsh::sys
