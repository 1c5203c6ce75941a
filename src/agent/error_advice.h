// SPDX-License-Identifier: Apache-2.0
// What whoever reads an error of the system can do about it.
#pragma once

#include <string_view>

#include "base/result.h"

namespace stapsh::agent {

/// Of fork(2), and of little else: no process can be made, so nothing of a session.
bool is_lack_of_processes(const Error& error);

/// Adds to an error of work in `folder` what to do: about a full disk, or a lack of descriptors or processes.
Error with_advice(Error error, std::string_view folder);

}  // namespace stapsh::agent
