// SPDX-License-Identifier: Apache-2.0
// What a process becomes that the agent forked to outlive it: a guardian, a sweep.
#pragma once

#include <span>

namespace stapsh::agent {

/// Of the descriptors only those in `kept` stay, and 0-2 become /dev/null: an ssh session lasts as long as anybody
/// holds its streams. What reaches the agent's terminal or its process group does not reach it. `name`: as ps shows it,
/// at most 15 bytes. Allocates nothing.
void become_independent(const char* name, std::span<const int> kept);

}  // namespace stapsh::agent
