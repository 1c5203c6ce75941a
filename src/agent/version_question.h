// SPDX-License-Identifier: Apache-2.0
// `PROGRAM -V`: what a program says of its version.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace stapsh::agent {

/// Asks all of them at once, and waits no longer than two seconds. A version for each; empty: it said none, failed, or
/// took longer, and then it was killed with all of its process group.
std::vector<std::string> ask_versions(std::span<const std::string> programs);

}  // namespace stapsh::agent
