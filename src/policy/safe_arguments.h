// SPDX-License-Identifier: Apache-2.0
// Whether a runner's words are such as a policy's `args=safe` allows: safe options of argument_table.h, and a program
// that was sent. Runners differ in how they read their words (getopt(3) looks for options behind the program, too, and
// takes `--unsa` for `--unsafe`), so what could be read in two ways is not safe. Pure.
#pragma once

#include <span>
#include <string>

#include "protocol/runner_kind.h"

namespace stapsh::policy {

/// Empty: they are. Otherwise the word, and why it is not. `files` are the names of those that were sent; the program
/// must be `./NAME` of one. `with_command`: -c and any command are allowed, too.
std::string why_not_safe(RunnerKind runner, std::span<const std::string> args, std::span<const std::string> files,
                         bool with_command);

}  // namespace stapsh::policy
