// SPDX-License-Identifier: Apache-2.0
#include "client/report/page_json.h"

#include <charconv>
#include <chrono>
#include <cstdint>

#include "base/shown_text.h"
#include "base/utf8.h"

namespace stapsh::client::report {
namespace {

// Of ASCII: what stands for itself.
bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'; }

void append_special(std::string& to, char c) {
  switch (c) {
    case '\n':
      to += "\\n";
      return;
    case '\t':
      to += "\\t";
      return;
    case '"':
    case '\\':
      to += '\\';
      to += c;
      return;
    case '<':
      to += "\\u003c";
      return;
    case '>':
      to += "\\u003e";
      return;
    default:
      to += c == '&' ? std::string("\\u0026") : std::string(1, c);
      return;
  }
}

}  // namespace

void append_page_text(std::string& to, std::string_view text, std::size_t bytes_max) {
  const std::size_t whole_bytes = text.size();
  text = whole_characters(text, bytes_max);
  const bool is_cut = text.size() < whole_bytes;
  to += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    to += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::size_t bytes = 1;
    const bool is_space = text.front() == '\n' || text.front() == '\t';
    const std::string spelled = is_space ? std::string() : spelled_character(text, bytes);
    if (!spelled.empty()) {
      for (const char c : spelled) append_special(to, c);
    } else if (bytes > 1) {
      to += text.substr(0, bytes);
    } else {
      append_special(to, text.front());
    }
    text.remove_prefix(bytes);
  }
  if (is_cut) to += "… (" + std::to_string(whole_bytes) + " bytes)";
  to += '"';
}

void append_page_number(std::string& to, Number number) {
  constexpr Number kExactMax = Number{1} << 53U;
  if (number >= -kExactMax && number <= kExactMax) {
    char digits[24];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(number)).ptr);
  } else {
    to += "{\"n\":\"" + to_text(number) + "\"}";
  }
}

void append_page_seconds(std::string& to, WallTime time) {
  constexpr std::int64_t kMillion = 1'000'000;
  std::int64_t rest = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  if (rest < 0) to += '-';
  rest = rest < 0 ? -rest : rest;
  to += std::to_string(rest / kMillion);
  if (rest % kMillion == 0) return;
  std::string decimals = std::to_string(kMillion + rest % kMillion);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  decimals.front() = '.';
  to += decimals;
}

}  // namespace stapsh::client::report
