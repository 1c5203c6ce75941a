// SPDX-License-Identifier: Apache-2.0
// `rstap sign`: signs programs, for targets whose policy has signed=.
#pragma once

#include <span>
#include <string>

#include "base/result.h"

namespace stapsh {

/// `words` are those behind `sign`: files and --sign-key KEY, else ~/.ssh/id_ed25519, id_ecdsa or id_rsa. Returns
/// ssh-keygen's exit code; it asks at the terminal and says what it wrote. kUsage names the word.
Result<int> sign_files(std::span<const std::string> words);

}  // namespace stapsh
