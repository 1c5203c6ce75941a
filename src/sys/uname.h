// SPDX-License-Identifier: Apache-2.0
// Which kernel runs here: what a module is built for.
#pragma once

#include <string>

namespace stapsh::sys {

struct Uname {
  std::string release, machine;
  bool operator==(const Uname&) const = default;
};

Uname kernel_uname();

}  // namespace stapsh::sys
