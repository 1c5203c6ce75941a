// SPDX-License-Identifier: Apache-2.0
// What is known before anything is sent: whether a target's runners can run a module, and how they are asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/found_runners.h"

namespace stapsh {

/// Why not, and what to do; empty: nothing speaks against it. `built_by`: the release of systemtap that made a kernel
/// module, or empty.
std::string why_it_cant_run(const FoundRunners& runners, RunnerKind kind, std::string_view built_by);

/// Whether its bpftrace prints maps when it is sent SIGUSR1 only where a probe of the program does: 0.22 and later.
/// Earlier ones print all of them by themselves, and reject that probe. None: its version is not known.
std::optional<bool> prints_maps_by_probe(const FoundRunners& runners);

}  // namespace stapsh
