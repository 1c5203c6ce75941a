// SPDX-License-Identifier: Apache-2.0
// The first stage of --bootstrap: what runs on a target before an agent does. Its text is bootstrap_stage.sh.
#pragma once

#include <string>
#include <string_view>

namespace stapsh::client {

/// For `sh -c`; one line, without what any login shell would take for its own within single quotes.
std::string_view stage_text();

/// What starts it, as words of any login shell.
inline std::string stage_words() { return "/bin/sh -c '" + std::string(stage_text()) + "'"; }
inline std::string stage_command() { return "exec " + stage_words(); }

}  // namespace stapsh::client
