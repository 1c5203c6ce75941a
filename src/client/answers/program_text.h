// SPDX-License-Identifier: Apache-2.0
// A bpftrace program as words: what a reader of maps needs of its syntax, and no more. Any text has some.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace stapsh::client {

struct ProgramWord {
  enum class Kind {
    kMap,        ///< @, @name
    kName,       ///< Of functions, probes, fields, variables ("$x") and all else.
    kText,       ///< In quotes.
    kDirective,  ///< A line of the C preprocessor.
    kSign,       ///< Up to three characters: ( [ = == ++ …; or a path behind a colon.
  } kind = Kind::kSign;
  std::string_view text;  ///< Points into the program.

  [[nodiscard]] bool is(std::string_view sign) const { return kind == Kind::kSign && text == sign; }
};

/// Comments are left out.
std::vector<ProgramWord> words_of(std::string_view program);
/// Likewise; none if it ends within a comment, a text or a directive, so that what is put behind it would be part of
/// that.
std::optional<std::vector<ProgramWord>> closed_words_of(std::string_view program);

/// The word behind the bracket that closes the one at `open`: `words.size()` if none does.
std::size_t behind_bracket(const std::vector<ProgramWord>& words, std::size_t open);

}  // namespace stapsh::client
