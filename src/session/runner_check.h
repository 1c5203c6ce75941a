// SPDX-License-Identifier: Apache-2.0
// What is known before anything is sent: whether a target's runners can run a module.
#pragma once

#include <string>
#include <string_view>

#include "protocol/found_runners.h"

namespace stapsh {

/// Why not, and what to do; empty: nothing speaks against it. `built_by`: the release of systemtap that made a kernel
/// module, or empty.
std::string why_it_cant_run(const FoundRunners& runners, RunnerKind kind, std::string_view built_by);

}  // namespace stapsh
