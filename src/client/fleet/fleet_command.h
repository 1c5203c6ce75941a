// SPDX-License-Identifier: Apache-2.0
// What `rstap fleet` does.
#pragma once

#include <string>

#include "base/result.h"
#include "client/fleet/fleet_command_line.h"

namespace stapsh::client {

/// Does it; the text is for standard output and says what is to be done next.
Result<std::string> run_fleet_command(const FleetOptions& options);

}  // namespace stapsh::client
