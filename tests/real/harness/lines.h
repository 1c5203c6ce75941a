// SPDX-License-Identifier: Apache-2.0
// A program's output as lines.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace stapsh::real {

/// The lines that begin with `label`, without it.
inline std::vector<std::string> lines_of(const std::string& text, std::string_view label = "") {
  std::vector<std::string> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) {
    if (line.starts_with(label)) lines.push_back(line.substr(label.size()));
  }
  return lines;
}

}  // namespace stapsh::real
