// SPDX-License-Identifier: Apache-2.0
// A text as a file, for a program that reads files.
#pragma once

#include <string_view>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {

/// A file in memory that holds `text`, at its beginning, and can't be changed any more. Who has the descriptor can open
/// it as /proc/self/fd/N, whatever user they are. Source: memfd_create(2).
Result<UniqueFd> make_memory_file(std::string_view text);

}  // namespace stapsh::sys
