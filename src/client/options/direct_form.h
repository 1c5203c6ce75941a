// SPDX-License-Identifier: Apache-2.0
// The target that is here and has no agent, as it is spelled: stap's man page writes direct://, its code takes either.
#pragma once

#include <string_view>

namespace stapsh::client {

inline bool is_direct(std::string_view target) { return target == "direct:" || target == "direct://"; }

}  // namespace stapsh::client
