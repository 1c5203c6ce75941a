// SPDX-License-Identifier: Apache-2.0
// What `rstap guest` does. Needs no libvirt to include.
#pragma once

#include <string>

#include "base/result.h"
#include "libvirt/guest_command_line.h"

namespace stapsh::libvirt {

/// Does it; the text is for standard output.
Result<std::string> run_guest_command(const GuestOptions& options);

}  // namespace stapsh::libvirt
