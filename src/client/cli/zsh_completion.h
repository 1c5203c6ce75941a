// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace stapsh::client {

/// The completions for zsh, to be read by it.
std::string zsh_completion();

}  // namespace stapsh::client
