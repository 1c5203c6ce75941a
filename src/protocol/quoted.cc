// SPDX-License-Identifier: Apache-2.0
#include "protocol/quoted.h"

namespace stapsh {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string quote(std::string_view argument) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string word;
  word.reserve(argument.size());
  for (const char c : argument) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 33 && byte <= 126 && c != '=') {
      word += c;
    } else {
      word += '=';
      word += kHex[byte >> 4];
      word += kHex[byte & 15];
    }
  }
  return word;
}

Result<std::string> unquote(std::string_view word) {
  std::string argument;
  argument.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\0') return fail(Errc::kPeer, "NUL in a quoted argument");
    if (word[i] != '=') {
      argument += word[i];
      continue;
    }
    const int high = i + 1 < word.size() ? hex_digit(word[i + 1]) : -1;
    const int low = i + 2 < word.size() ? hex_digit(word[i + 2]) : -1;
    if (high < 0 || low < 0) return fail(Errc::kPeer, "'=' without two hex digits in a quoted argument");
    if (high == 0 && low == 0) return fail(Errc::kPeer, "NUL in a quoted argument");
    argument += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return argument;
}

}  // namespace stapsh
