// SPDX-License-Identifier: Apache-2.0
// What the link says: lines on standard error. Where systemd hands that to the journal, each with its priority.
#pragma once

#include <string_view>

namespace stapsh::link {

/// As syslog(3) has them.
enum class Priority { kError = 3, kWarning = 4, kInfo = 6 };

/// `text` may have words of others.
void say(Priority priority, std::string_view text);

}  // namespace stapsh::link
