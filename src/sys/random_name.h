// SPDX-License-Identifier: Apache-2.0
// Names that nobody else has or can guess.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace stapsh::sys {

/// `characters` letters and digits, at most 256. Source: getrandom(2).
Result<std::string> random_name(std::size_t characters);

}  // namespace stapsh::sys
