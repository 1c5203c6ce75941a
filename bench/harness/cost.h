// SPDX-License-Identifier: Apache-2.0
// What processes that still run have cost so far, as /proc has it.
#pragma once

#include <sys/types.h>

#include <vector>

namespace stapsh::bench {

struct Cost {
  double peak_mib = 0, cpu_seconds = 0;
};
Cost cost_of(pid_t pid);
double resident_mib(pid_t pid);
/// Of it and its children; what several of them share counts once in all.
double family_mib(pid_t pid);
std::vector<pid_t> children_of(pid_t pid);

}  // namespace stapsh::bench
