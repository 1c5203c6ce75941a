// SPDX-License-Identifier: Apache-2.0
#include "client/answers/program_text.h"

#include <algorithm>
#include <utility>

namespace stapsh::client {
namespace {

using WordKind = ProgramWord::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c); }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_path(char c) { return is_name(c) || std::string_view("-./*#+").find(c) != std::string_view::npos; }

std::size_t name_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_name(text[at])) ++at;
  return at;
}

std::size_t behind(std::string_view text, std::string_view what, std::size_t from) {
  const std::size_t at = text.find(what, from);
  return at == std::string_view::npos ? text.size() : at + what.size();
}

// npos: it does not end.
std::size_t text_end(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

std::size_t line_end(std::string_view text) {
  std::size_t end = text.find('\n');
  while (end != std::string_view::npos && end > 0 && text[end - 1] == '\\') end = text.find('\n', end + 1);
  return std::min(end, text.size());
}

// Behind a colon: what is attached to. "/lib/*/libc.so" begins no comment there, but "vfs_read/* … */" does.
std::size_t path_end(std::string_view text) {
  std::size_t at = 1;
  const bool is_file = at < text.size() && text[at] == '/';
  while (at < text.size() && is_path(text[at])) {
    const std::string_view two = text.substr(at, 2);
    if (!is_file && (two == "/*" || two == "//")) break;
    ++at;
  }
  return at;
}

std::size_t sign_end(std::string_view text) {
  if (text.front() == ':') return path_end(text);
  constexpr std::string_view kPairs[] = {
      "==", "!=", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "&&", "||", "<<", ">>", "->"};
  if (text.starts_with("<<=") || text.starts_with(">>=")) return 3;
  const std::string_view two = text.substr(0, 2);
  return std::find(std::begin(kPairs), std::end(kPairs), two) != std::end(kPairs) ? 2 : 1;
}

ProgramWord first_word(std::string_view text) {
  const char c = text.front();
  if (c == '@') return {WordKind::kMap, text.substr(0, text.size() > 1 && !is_digit(text[1]) ? name_end(text, 1) : 1)};
  if (c == '"') return {WordKind::kText, text.substr(0, text_end(text))};
  if (c == '#') return {WordKind::kDirective, text.substr(0, line_end(text))};
  if (c == '$') return {WordKind::kName, text.substr(0, name_end(text, 1))};
  if (is_name(c)) return {WordKind::kName, text.substr(0, name_end(text, 0))};
  return {WordKind::kSign, text.substr(0, sign_end(text))};
}

// What a text that was read to its end ends with.
bool is_closed(const ProgramWord& last) {
  if (last.kind == WordKind::kText) return text_end(last.text) != std::string_view::npos;
  return last.kind != WordKind::kDirective || !(last.text.ends_with('\\') || last.text.ends_with("\\\n"));
}

struct ReadProgram {
  std::vector<ProgramWord> words;
  bool closed = true;
};

ReadProgram read(std::string_view program) {
  ReadProgram text;
  std::size_t at = 0;
  while (at < program.size()) {
    const std::string_view left = program.substr(at);
    if (is_space(left.front())) {
      ++at;
    } else if (left.starts_with("//")) {
      at = behind(program, "\n", at);
    } else if (left.starts_with("/*")) {
      text.closed = left.find("*/", 2) != std::string_view::npos;
      at = behind(program, "*/", at + 2);
    } else {
      text.words.push_back(first_word(left));
      at += text.words.back().text.size();
    }
  }
  text.closed = text.closed && (text.words.empty() || is_closed(text.words.back()));
  return text;
}

}  // namespace

std::vector<ProgramWord> words_of(std::string_view program) { return read(program).words; }

std::optional<std::vector<ProgramWord>> closed_words_of(std::string_view program) {
  ReadProgram text = read(program);
  return text.closed ? std::optional(std::move(text.words)) : std::nullopt;
}

std::size_t behind_bracket(const std::vector<ProgramWord>& words, std::size_t open) {
  std::size_t depth = 0;
  for (std::size_t i = open; i < words.size(); ++i) {
    if (words[i].is("(") || words[i].is("[") || words[i].is("{")) ++depth;
    if (words[i].is(")") || words[i].is("]") || words[i].is("}")) --depth;
    if (depth == 0) return i + 1;
  }
  return words.size();
}

}  // namespace stapsh::client
