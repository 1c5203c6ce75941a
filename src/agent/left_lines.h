// SPDX-License-Identifier: Apache-2.0
// What is said of the remains of a session: one line for each thing, and one for each reason why there may be more.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "protocol/agent_line.h"

namespace stapsh::agent {

/// It could not be looked, for that reason: said once, however often it was met.
inline void add_unknown(std::vector<LeftLine>& left, const std::string& reason) {
  const LeftLine line{std::string(kUnknownKind), reason};
  if (std::find(left.begin(), left.end(), line) == left.end()) left.push_back(line);
}

}  // namespace stapsh::agent
