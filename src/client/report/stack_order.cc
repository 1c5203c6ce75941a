// SPDX-License-Identifier: Apache-2.0
#include "client/report/stack_order.h"

#include <algorithm>
#include <string>

namespace stapsh::client::report {
namespace {

constexpr std::size_t kKeyBytesMax = 4096;

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// The same text with a blank for each character of a comment or a string.
std::string without_comments(std::string_view script) {
  std::string text(script);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = std::string_view(text).substr(at);
    std::size_t end = 0;
    if (rest.starts_with("//")) {
      end = std::min(text.find('\n', at), text.size());
    } else if (rest.starts_with("/*")) {
      end = std::min(text.find("*/", at + 2), text.size() - 2) + 2;
    } else if (rest.front() == '"') {
      end = at + 1;
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
    }
    for (; at < end; ++at) text[at] = ' ';
  }
  return text;
}

}  // namespace

std::vector<StackKind> stack_order(std::string_view script, std::string_view map) {
  const std::string text = without_comments(script);
  for (std::size_t at = text.find(map); at != std::string::npos && !map.empty(); at = text.find(map, at + 1)) {
    std::size_t open = at + map.size();
    if (open < text.size() && is_word(text[open])) continue;  // @ab is not @a.
    open = text.find_first_not_of(" \t\n", open);
    if (open == std::string::npos || text[open] != '[') continue;
    std::vector<StackKind> order;
    std::size_t depth = 0;
    for (std::size_t i = open; i < std::min(text.size(), open + kKeyBytesMax); ++i) {
      if (text[i] == '[') ++depth;
      if (text[i] == ']' && --depth == 0) break;
      if (is_word(text[i - 1]) || text[i - 1] == '@' || text[i - 1] == '$') continue;
      std::size_t end = i;
      while (end < text.size() && is_word(text[end])) ++end;
      const std::string_view word = std::string_view(text).substr(i, end - i);
      if (word == "kstack") order.push_back(StackKind::kKernel);
      if (word == "ustack") order.push_back(StackKind::kUser);
    }
    if (!order.empty()) return order;
  }
  return {};
}

}  // namespace stapsh::client::report
