// SPDX-License-Identifier: Apache-2.0
#include "client/build/inclusions.h"

#include <algorithm>
#include <utility>

namespace stapsh::client {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::string without_comments(std::string_view text) {
  std::string code;
  char quote = '\0';
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (c == '\\' && at + 1 < text.size()) code += text[at++];
      if (c == quote || c == '\n') quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (const std::string_view begin = text.substr(at, 2); begin == "//" || begin == "/*") {
      const std::size_t end = text.find(begin == "//" ? "\n" : "*/", at + 2);
      if (end == std::string_view::npos) break;
      at = begin == "//" ? end : end + 1;
      code += begin == "//" ? '\n' : ' ';
      continue;
    }
    code += text[at];
  }
  return code;
}

// The word of a directive, which may touch what is behind it, and that: "include" and "<a.h>". Empty: it is none.
std::pair<std::string_view, std::string_view> directive(std::string_view line) {
  line = without_blanks(line);
  if (!line.starts_with('#')) return {};
  line = without_blanks(line.substr(1));
  const std::size_t end = std::min(line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), line.size());
  return {line.substr(0, end), without_blanks(line.substr(end))};
}

// In the order of how much is included.
enum class Taken { kNo, kMaybe, kYes };

Taken constant(std::string_view condition) {
  if (condition == "0") return Taken::kNo;
  return condition == "1" ? Taken::kYes : Taken::kMaybe;
}

class Conditions {
 public:
  void on_directive(std::string_view word, std::string_view rest) {
    // The guard around a header's text: it is there the first time.
    if (word == "define" && !guard_.empty() && rest.substr(0, rest.find_first_of(kBlanks)) == guard_) {
      open_.back().taken = Taken::kYes;
    }
    guard_ = {};
    if (word == "if") open_.push_back({Taken::kNo, constant(rest)});
    if (word == "ifdef" || word == "ifndef") open_.push_back({Taken::kNo, Taken::kMaybe});
    if (word == "ifndef") guard_ = rest;
    if (open_.empty()) return;
    if (word == "elif") open_.back().go_on(constant(rest));
    if (word == "elifdef" || word == "elifndef") open_.back().go_on(Taken::kMaybe);
    if (word == "else") open_.back().go_on(Taken::kYes);
    if (word == "endif") open_.pop_back();
  }

  [[nodiscard]] Taken taken() const {
    Taken all = Taken::kYes;
    for (const Branch& each : open_) all = std::min(all, each.taken);
    return all;
  }

 private:
  struct Branch {
    Taken earlier;  // One of those before it.
    Taken taken;

    void go_on(Taken condition) {
      earlier = std::max(earlier, taken);
      if (earlier == Taken::kYes) condition = Taken::kNo;
      taken = earlier == Taken::kMaybe ? std::min(condition, Taken::kMaybe) : condition;
    }
  };

  std::vector<Branch> open_;
  std::string_view guard_;  // What the directive before asked not to be defined.
};

}  // namespace

std::vector<Inclusion> inclusions(std::string_view text) {
  const std::string code = without_comments(text);
  std::string_view left = code;
  Conditions conditions;
  std::vector<Inclusion> found;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    const auto [word, rest] = directive(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
    if (word.empty()) continue;
    conditions.on_directive(word, rest);
    const bool names = word == "include" && (rest.starts_with('"') || rest.starts_with('<'));
    if (!names || conditions.taken() == Taken::kNo) continue;
    const std::size_t close = rest.find(rest.front() == '"' ? '"' : '>', 1);
    if (close == std::string_view::npos || close == 1) continue;
    found.push_back({std::string(rest.substr(0, close + 1)), conditions.taken() == Taken::kYes});
  }
  return found;
}

}  // namespace stapsh::client
