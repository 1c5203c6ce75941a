// SPDX-License-Identifier: Apache-2.0
// One line for all targets of which the same is to be said: web[01-05]: runner ended with exit code 1. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stapsh::client {

class FoldedLines {
 public:
  /// Texts that differ only in the target's own host are the same; then they say HOST.
  void add(std::string_view name, std::string_view text);

  struct Folded {
    std::vector<std::string> lines;  ///< "NAMES: TEXT", in the order in which each was first said.
    std::size_t more_texts = 0;      ///< What did not fit: so many different ones, said
    std::size_t more_times = 0;      ///< so often in all.
  };
  /// What is said of the most targets is shown if not all fits.
  [[nodiscard]] Folded fold(std::size_t lines_max) const;

 private:
  struct Group {
    std::string text;  // As it was first said.
    std::vector<std::string> names;
  };
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::size_t> by_text_;
};

/// `names` as one word of a bounded size: web[01-38],db1 and 1950 more.
std::string folded_names(const std::vector<std::string>& names);

}  // namespace stapsh::client
