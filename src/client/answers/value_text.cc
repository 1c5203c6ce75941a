// SPDX-License-Identifier: Apache-2.0
#include "client/answers/value_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

namespace stapsh::client {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

void append_utf8(std::string& to, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { to.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | (code >> 6));
  } else {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

// Its closing quote's place, or the end.
std::size_t string_end(std::string_view json, std::size_t open) {
  std::size_t at = open + 1;
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at, json.size());
}

bool is_field_name(std::string_view json, std::size_t behind) {
  const std::size_t next = json.find_first_not_of(kBlanks, behind);
  return next != std::string_view::npos && json[next] == ':';
}

class ValueText {
 public:
  explicit ValueText(std::string_view json) : json_(json) {}

  std::string read() {
    while (at_ < json_.size()) take();
    return std::move(text_);
  }

 private:
  void take() {
    const char c = json_[at_];
    if (c == '"') return take_string();
    ++at_;
    if (kBlanks.find(c) != std::string_view::npos) return;
    if (c == '[' || c == '{') return open(c);
    if (c == ']' || c == '}') return close(c);
    if (c == ',') return void(text_ += in_structure_array() ? "," : ", ");
    text_.push_back(c);
  }

  void take_string() {
    const std::size_t end = string_end(json_, at_);
    const std::string_view inside = json_.substr(at_ + 1, end - std::min(end, at_ + 1));
    at_ = std::min(end + 1, json_.size());
    if (!open_.empty() && open_.back() == '{' && is_field_name(json_, at_)) {
      at_ = json_.find(':', at_) + 1;
      text_.push_back('.');
      append_unescaped(text_, inside);
      text_ += " = ";
    } else {
      append_unescaped(text_, inside);
    }
  }

  // An array within a structure is one; else a list in JSON was most likely a tuple.
  [[nodiscard]] bool in_structure_array() const {
    return !open_.empty() && open_.back() == '[' && std::find(open_.begin(), open_.end(), '{') != open_.end();
  }

  void open(char c) {
    open_.push_back(c);
    text_ += c == '{' ? "{ " : in_structure_array() ? "[" : "(";
  }
  void close(char c) {
    const bool array = in_structure_array();
    if (!open_.empty()) open_.pop_back();
    text_ += c == '}' ? " }" : array ? "]" : ")";
  }

  std::string_view json_;
  std::size_t at_ = 0;
  std::string text_;
  std::vector<char> open_;
};

}  // namespace

void append_unescaped(std::string& to, std::string_view inside) {
  constexpr std::string_view kNames = "nrtbf", kMeant = "\n\r\t\b\f";
  for (std::size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] != '\\' || at + 1 == inside.size()) {
      to.push_back(inside[at]);
      continue;
    }
    const char c = inside[++at];
    const std::string_view digits = inside.substr(at + 1, 4);
    std::uint32_t code = 0;
    if (const std::size_t name = kNames.find(c); name != std::string_view::npos) {
      to.push_back(kMeant[name]);
    } else if (c == 'u' && digits.size() == 4 &&
               std::from_chars(digits.data(), digits.data() + 4, code, 16).ptr == digits.data() + 4) {
      append_utf8(to, code);
      at += 4;
    } else {
      to.push_back(c);
    }
  }
}

std::string value_text(std::string_view json) { return ValueText(json).read(); }

}  // namespace stapsh::client
