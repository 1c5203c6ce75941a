// SPDX-License-Identifier: Apache-2.0
// A file that says what is run, read only where nobody but this user and root could have written it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace stapsh::client {

/// Its text; nothing where there is no such file. kUsage: it is no regular file, or over 1 MiB; or it, or a folder that
/// it is in (of a symbolic link, both folders), belongs to another user or can be written by others. A sticky folder of
/// root's or this user's may be: there nobody else can put another file in its place.
Result<std::optional<std::string>> read_trusted_file(const std::string& path);

}  // namespace stapsh::client
