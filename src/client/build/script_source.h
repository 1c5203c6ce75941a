// SPDX-License-Identifier: Apache-2.0
// The text that a person names, wherever it comes from: a file, standard input, a pipe such as a shell's `<(…)`.
// What is wrong with it is wrong with their words: kUsage, with the name that they know it by.
#pragma once

#include <string>

#include "base/result.h"

namespace stapsh::client {

/// All of standard input, at most 16 MiB.
Result<std::string> read_standard_input();

/// All that `path` has to say; `title` is its name in messages.
Result<std::string> read_source(const std::string& path, const std::string& title);

/// Whether `path` is a file that another process can open as well, and again. /dev/stdin, /dev/fd/63 and pipes are
/// not. kUsage: there is none, it can't be read, it is a folder.
Result<bool> can_be_opened_by_others(const std::string& path, const std::string& title);

}  // namespace stapsh::client
