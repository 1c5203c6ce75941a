// SPDX-License-Identifier: Apache-2.0
// waitid(2)'s answer as a shell would say it. For the sources of this folder.
#pragma once

#include <signal.h>

namespace stapsh::sys {

/// 0..255, or 128 + N for death by signal N.
inline int exit_code_of(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? info.si_status & 0xff : 128 + info.si_status;
}

}  // namespace stapsh::sys
