// SPDX-License-Identifier: Apache-2.0
// What happened on each target, for a person. Pure.
#pragma once

#include <string>
#include <vector>

#include "client/events/run_result.h"

namespace stapsh::client {

/// A line for each target that did not simply succeed, then one line of totals.
std::vector<std::string> report_lines(const std::vector<TargetResult>& results);

}  // namespace stapsh::client
