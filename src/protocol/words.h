// SPDX-License-Identifier: Apache-2.0
// A protocol line as its whitespace-separated words.
#pragma once

#include <string_view>
#include <vector>

namespace stapsh {

/// The words of `line`, as views into it. Blanks are spaces and tabs, at the ends too.
inline std::vector<std::string_view> split_words(std::string_view line) {
  static constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> words;
  for (std::size_t begin = line.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const std::size_t end = line.find_first_of(kBlanks, begin);
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

}  // namespace stapsh
