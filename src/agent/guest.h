// SPDX-License-Identifier: Apache-2.0
// An agent that --bootstrap has brought is a guest on its machine: nothing stays there that was not there before. That
// holds for the process and all that it forks.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace stapsh::agent {

/// How the name of the folder begins that a guest's program came in.
inline constexpr std::string_view kGuestFolderPrefix = "stapsh-stage.";

/// Removes our own program, `folder`/stapsh, and `folder`: a running one needs no file. An Error if one of them stays;
/// a guest that can't go without a trace does not begin. kUsage: it is no folder of a guest's, which is a folder of our
/// user's with mode 0700, no link, and holds the program that runs; nothing was removed then.
Result<> become_guest(const std::string& folder, const std::string& own_program = "/proc/self/exe");

[[nodiscard]] bool is_guest();

}  // namespace stapsh::agent
