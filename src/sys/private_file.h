// SPDX-License-Identifier: Apache-2.0
// A file with a secret: a seed, a key, a token. As ssh, we take none that others could have read.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace stapsh::sys {

/// kUsage, with the mode and what to do: others than its owner may read or write it. Errors name the file.
Result<> check_private_file(const std::string& path);

/// All of it, if it is private. EFBIG if it is over `bytes_max`.
Result<std::string> read_private_file(const std::string& path, std::size_t bytes_max);

}  // namespace stapsh::sys
