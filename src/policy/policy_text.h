// SPDX-License-Identifier: Apache-2.0
// The text of a policy and of what it names, as lines, and errors that say where. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::policy {

struct Line {
  unsigned number;        ///< From 1.
  std::string_view text;  ///< Without its newline.
};

/// A kUsage error at a line and a column (byte), both from 1.
inline auto fail_at(unsigned line, std::size_t column, std::string_view what) {
  return fail(Errc::kUsage,
              "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + std::string(what));
}

/// All lines. An error where the last one has no newline: the file may be cut off there, and mean another thing.
inline Result<std::vector<Line>> whole_lines(std::string_view text) {
  std::vector<Line> lines;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return fail_at(number, text.size() + 1, "the file ends within a line; end it with a newline");
    }
    lines.push_back({number, text.substr(0, end)});
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace stapsh::policy
