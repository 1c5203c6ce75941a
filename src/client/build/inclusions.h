// SPDX-License-Identifier: Apache-2.0
// What a C text includes, as far as it can be known without the compiler and the kernel of the target. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stapsh::client {

struct Inclusion {
  std::string quoted;   ///< Its name with its quotes: "a.h" or <a.h>.
  bool certain = true;  ///< false: behind a condition that is decided on the target.
};

/// In their order. What stands in comments and in branches that are never taken (#if 0) is none.
std::vector<Inclusion> inclusions(std::string_view text);

}  // namespace stapsh::client
