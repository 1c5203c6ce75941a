// SPDX-License-Identifier: Apache-2.0
// --resume-failed: who need not run again. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "client/targets/target_list.h"

namespace stapsh::client {

/// Takes the targets out whose names, as a joblog has them, are among `finished`, and numbers the others anew; their
/// names stay. Returns how many it took.
std::size_t leave_out(std::vector<Target>& targets, std::span<const std::string> finished);

}  // namespace stapsh::client
