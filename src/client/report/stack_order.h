// SPDX-License-Identifier: Apache-2.0
// What the stacks in a map's keys are of: a key does not say it, the program does: `@name[kstack, ustack(5), comm]`.
// Pure.
#pragma once

#include <string_view>
#include <vector>

#include "client/report/report.h"

namespace stapsh::client::report {

/// Of the first use of `map` ("@name") with a key in the bpftrace program `script`; empty: it has no stacks, or is not
/// used so.
std::vector<StackKind> stack_order(std::string_view script, std::string_view map);

}  // namespace stapsh::client::report
