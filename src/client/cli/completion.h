// SPDX-License-Identifier: Apache-2.0
// What a shell completes behind `rstap`, as a script for it: made from the tables of options.
#pragma once

#include <span>
#include <string>

#include "base/result.h"

namespace stapsh::client {

/// `words`: what stands behind `rstap completion`; one of bash, zsh, fish. kUsage says what is wanted.
Result<std::string> completion_script(std::span<const std::string> words);

}  // namespace stapsh::client
