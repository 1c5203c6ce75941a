// SPDX-License-Identifier: Apache-2.0
// A line to words, as a POSIX shell splits it: blanks, quotes, backslashes; and without what it expands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::client {

/// kUsage: a quote without an end, a backslash at the end.
Result<std::vector<std::string>> split_shell_words(std::string_view line);

}  // namespace stapsh::client
