// SPDX-License-Identifier: Apache-2.0
// What exec lets through from whoever started us, and what it would break.
#pragma once

#include <vector>

namespace stapsh::sys {

/// To be called first in main():
///  - descriptors 0-2 that are closed become /dev/null, so that no file of ours lands there;
///  - no signal is blocked (a released client starts its local agent with HUP, INT, PIPE and TERM blocked);
///  - every disposition is default: with SIGCHLD ignored, children would vanish with their exit codes;
///  - but SIGPIPE and SIGXFSZ are ignored, so that EPIPE and EFBIG come back from the write. spawn() undoes this.
/// Returns the signals that were ignored, so that a program can honour nohup(1) and a shell's `&`.
std::vector<int> reset_inherited_process_state();

}  // namespace stapsh::sys
