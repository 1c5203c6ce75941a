// SPDX-License-Identifier: Apache-2.0
// What both main()s do around their work: undo what exec let through, report an error once.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh {

/// Runs `body` and returns the process's exit code. An Error is printed as `NAME: WHAT`; exceptions
/// are bugs or out-of-memory, and end here as well. `ignored_signals`: see sys/inherited_state.h.
int run_program(std::string_view name, const std::function<Result<int>(const std::vector<int>& ignored_signals)>& body);

/// Text that was asked for (--help, --version), on standard output.
Result<int> print_text(std::string_view text);

}  // namespace stapsh
