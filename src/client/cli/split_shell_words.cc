// SPDX-License-Identifier: Apache-2.0
// Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting.
#include "client/cli/split_shell_words.h"

#include <fmt/format.h>

#include <optional>

namespace stapsh::client {
namespace {

constexpr std::string_view kBlanks = " \t\n";
constexpr std::string_view kEscapedInQuotes = "$`\"\\";

}  // namespace

Result<std::vector<std::string>> split_shell_words(std::string_view line) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = '\0';
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char each = line[at];
    if (quote == '\0' && kBlanks.find(each) != std::string_view::npos) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
      continue;
    }
    if (!word) word.emplace();
    if (quote == '\0' && (each == '\'' || each == '"')) {
      quote = each;
    } else if (each == quote && quote != '\0') {
      quote = '\0';
    } else if (each == '\\' && quote != '\'') {
      if (at + 1 == line.size()) return fail(Errc::kUsage, "a backslash at the end");
      const char next = line[at + 1];
      const bool stays = quote == '"' && next != '\n' && kEscapedInQuotes.find(next) == std::string_view::npos;
      if (stays) *word += '\\';
      if (next != '\n') *word += next;
      ++at;
    } else {
      *word += each;
    }
  }
  if (quote != '\0') return fail(Errc::kUsage, fmt::format("a {} without its end", quote));
  if (word) words.push_back(*std::move(word));
  return words;
}

}  // namespace stapsh::client
