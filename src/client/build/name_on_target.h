// SPDX-License-Identifier: Apache-2.0
// The protocol takes few names for a file (check_file_name). A person's `my script.bt` goes under one that fits, and
// always under the same; what people read has their own name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/runner_kind.h"

namespace stapsh::client {

/// The name under which `name`, a file for `kind`, is sent: itself where that fits, and ends as the agent expects it.
/// Different names never become the same one, but by a chance of 2^-32.
std::string name_on_target(std::string_view name, RunnerKind kind);
/// The same for a file whose name ends in `extension`, with its dot.
std::string name_on_target(std::string_view name, std::string_view extension);

/// A kernel module's own name, as it says it in itself; nothing: it does not say it. staprun takes the file's name for
/// it, so a .ko is not to be renamed to another.
std::optional<std::string> kernel_module_name(std::string_view content);

}  // namespace stapsh::client
