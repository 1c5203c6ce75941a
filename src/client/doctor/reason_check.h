// SPDX-License-Identifier: Apache-2.0
// A reason for which a target failed, as rstap says it, as an answer with what mends it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "client/doctor/check.h"

namespace stapsh::client {

/// Before an agent answered: "way in", "agent" or "policy". `is_ssh`: the target is reached by it.
Check check_of_silence(std::string_view reason, bool is_ssh);

/// Afterwards: "agent", "policy", "runner" or "build". `program`: stap, as it is called here.
Check check_of_refusal(std::string_view reason, std::string_view program);

}  // namespace stapsh::client
