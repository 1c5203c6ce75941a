// SPDX-License-Identifier: Apache-2.0
// What of a run happens on this machine: whether it can.
#pragma once

#include <set>
#include <string>

#include "client/doctor/facts.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// Asks stap and ssh for their versions, and looks for what kernels `releases` are built against.
HereFacts look_here(const RstapOptions& options, const std::set<std::string>& releases);

}  // namespace stapsh::client
