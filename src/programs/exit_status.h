// SPDX-License-Identifier: Apache-2.0
// The exit codes of both programs that are not a runner's.
#pragma once

namespace stapsh {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;  ///< It was tried and failed; standard error says why.
inline constexpr int kExitUsage = 2;    ///< The command line is wrong; nothing was tried.

}  // namespace stapsh
