// SPDX-License-Identifier: Apache-2.0
#include "client/options/quote_shell_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace stapsh::client {
namespace {

bool is_plain(unsigned char c) {
  return std::isalnum(c) != 0 || std::string_view("@%+=:,./-_").find(static_cast<char>(c)) != std::string_view::npos;
}
bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

// $'…', which bash, zsh, ksh and busybox read.
std::string escaped(std::string_view word) {
  std::string text = "$'";
  for (const char c : word) {
    if (is_control(static_cast<unsigned char>(c))) {
      text += c == '\n' ? "\\n" : c == '\t' ? "\\t" : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + "'";
}

}  // namespace

std::string quote_shell_word(std::string_view word) {
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return std::string(word);
  if (std::ranges::any_of(word, is_control)) return escaped(word);
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

std::string quote_shell_words(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += quote_shell_word(word);
  }
  return text;
}

}  // namespace stapsh::client
