// SPDX-License-Identifier: Apache-2.0
#include "base/shown_text.h"

#include <algorithm>
#include <cstdio>

#include "base/utf8.h"

namespace stapsh {
namespace {

std::string hexadecimal(const char* format, unsigned value) {
  char text[16];
  (void)std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

std::string spelled_character(std::string_view text, std::size_t& bytes) {
  const Utf8Character character = first_character(text);
  bytes = 1;
  if (character.kind != Utf8Character::Kind::kWhole) {
    return hexadecimal("<%02X>", static_cast<unsigned char>(text.front()));
  }
  bytes = character.bytes;
  if (!is_control(character.code)) return {};
  if (character.code < 0x80) return {'^', static_cast<char>(character.code ^ 0x40U)};
  return hexadecimal("<U+%04X>", static_cast<unsigned>(character.code));
}

std::string spelled_control(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    std::size_t bytes = 0;
    if (character.kind == Utf8Character::Kind::kWhole && is_control(character.code)) {
      return spelled_character(text, bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return {};
}

std::string shown_text(std::string_view text, std::size_t bytes_max) {
  std::string shown;
  while (!text.empty()) {
    std::size_t bytes = 0;
    const std::string spelled = spelled_character(text, bytes);
    const std::string_view next = spelled.empty() ? text.substr(0, bytes) : std::string_view(spelled);
    if (next.size() > bytes_max - shown.size()) return shown + "...";
    shown += next;
    text.remove_prefix(bytes);
  }
  return shown;
}

std::string shown_lines(std::string_view text) {
  std::string shown;
  while (true) {
    const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
    shown += shown_text(text.substr(0, end));
    if (end == text.size()) return shown;
    shown += text[end];
    text.remove_prefix(end + 1);
  }
}

}  // namespace stapsh
