// SPDX-License-Identifier: Apache-2.0
#include "client/answers/raw_bytes.h"

#include <charconv>

namespace stapsh::client {
namespace {

constexpr std::string_view kEscape = "\\uffffff";

}  // namespace

bool mend_escapes(std::string_view line, std::string& to) {
  if (line.find(kEscape) == std::string_view::npos) return false;
  to.clear();
  for (std::size_t at = 0; at < line.size(); ++at) {
    unsigned byte = 0;
    if (line[at] != '\\') {
      to.push_back(line[at]);
    } else if (const char* digits = line.data() + at + kEscape.size();
               line.size() - at >= kEscape.size() + 2 && line.substr(at).starts_with(kEscape) &&
               std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2 && byte >= 0x80) {
      to.push_back(static_cast<char>(byte));
      at += kEscape.size() + 1;
    } else {
      // With what is escaped: a second backslash begins nothing.
      to.append(line.substr(at, 2));
      ++at;
    }
  }
  return true;
}

std::string widen_bytes(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + 16);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xC0 | (byte >> 6)));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
  return text;
}

std::string narrow_bytes(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto first = static_cast<unsigned char>(text[at]);
    if ((first == 0xC2 || first == 0xC3) && at + 1 < text.size()) {
      ++at;
      bytes.push_back(static_cast<char>((first << 6) | (static_cast<unsigned char>(text[at]) & 0x3F)));
    } else {
      bytes.push_back(text[at]);
    }
  }
  return bytes;
}

}  // namespace stapsh::client
