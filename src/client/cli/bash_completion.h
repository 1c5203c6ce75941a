// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace stapsh::client {

/// The completions for bash, to be read by it.
std::string bash_completion();

}  // namespace stapsh::client
