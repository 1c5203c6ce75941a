// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>

namespace stapsh {

Utf8Character first_character(std::string_view text) {
  using Kind = Utf8Character::Kind;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {Kind::kWhole, 1, first};
  if (first < 0xc2 || first > 0xf4) return {};
  const std::size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t code = first & (0x7fU >> size);
  for (std::size_t at = 1; at < size; ++at) {
    if (at == text.size()) return {Kind::kUnfinished, at, 0};
    unsigned min = 0x80;
    unsigned max = 0xbf;
    if (at == 1 && first == 0xe0) min = 0xa0;  // A longer spelling than needed.
    if (at == 1 && first == 0xed) max = 0x9f;  // Halves of UTF-16.
    if (at == 1 && first == 0xf0) min = 0x90;
    if (at == 1 && first == 0xf4) max = 0x8f;  // Beyond U+10FFFF.
    if (byte(at) < min || byte(at) > max) return {};
    code = code << 6U | (byte(at) & 0x3fU);
  }
  return {Kind::kWhole, size, code};
}

bool is_control(char32_t code) {
  if (code < 0xa0) return code < 0x20 || code >= 0x7f;
  if (code < 0x2000) return code == 0x061c;
  return code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x206f);
}

std::string_view whole_characters(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  // A character has four bytes at most: one that begins before the cut and goes on behind it is left out. Only one byte
  // behind the cut is looked at.
  for (std::size_t back = 1; back <= std::min<std::size_t>(bytes_max, 3); ++back) {
    const Utf8Character character = first_character(text.substr(bytes_max - back, back + 1));
    if (character.kind != Utf8Character::Kind::kBroken && character.bytes > back) {
      return text.substr(0, bytes_max - back);
    }
  }
  return text.substr(0, bytes_max);
}

}  // namespace stapsh
