// SPDX-License-Identifier: Apache-2.0
// What this process may do beyond its user's rights: capabilities(7).
#pragma once

#include <cstdint>

#include "base/result.h"

namespace stapsh::sys {

/// The effective ones: bit N stands for the one that linux/capability.h numbers N.
Result<std::uint64_t> effective_capabilities();

}  // namespace stapsh::sys
