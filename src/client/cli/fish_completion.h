// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace stapsh::client {

/// The completions for fish, to be read by it.
std::string fish_completion();

}  // namespace stapsh::client
