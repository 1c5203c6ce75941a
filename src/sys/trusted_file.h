// SPDX-License-Identifier: Apache-2.0
// A file that only root can have written: what it says may be relied on.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"

namespace stapsh::sys {

inline constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;

/// All of the file at `path`, an absolute path; nothing if it, or a folder on the way, does not exist. It must be a
/// regular file; it and each folder on the way must be root's, and not writable by its group or others; none may be a
/// symbolic link. An Error names what is not so; EFBIG over `bytes_max`.
Result<std::optional<std::string>> read_trusted_file(const std::string& path, std::size_t bytes_max);

}  // namespace stapsh::sys
