// SPDX-License-Identifier: Apache-2.0
// What a terminal may be sent of a target's output: text, tabs, newlines, and colours, which end with their line. All
// else that a terminal would obey (cursor, title, clipboard, direction of writing) is spelled, as base/shown_text.h has
// it. Pure. Any split of the bytes gives the same.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "client/output/output_buffer.h"

namespace stapsh::client {

/// Whether a terminal may be sent `bytes` as they are: printable ASCII, tabs and newlines. One fast scan.
bool is_plain(std::string_view bytes);

class TerminalText {
 public:
  /// Appends what may be sent of `bytes`. An unfinished sequence at their end waits for what follows.
  void append(OutputBuffer& out, std::string_view bytes);
  /// Nothing follows, or not at once: what waits is spelled, and a colour ends.
  void finish(OutputBuffer& out);

 private:
  std::string waiting_;
};

/// A whole line, without its '\n', and a '\n'.
void append_terminal_line(OutputBuffer& out, std::string_view line);

/// Takes what is seen next from `text`: a character, or how a control is spelled. Empty: nothing more is seen of it,
/// and what is left in `text` is the beginning of something.
std::string take_seen(std::string_view& text);

/// Whether what is seen of a line begins with a word, told as the line comes. Colours, and characters that take no
/// room, are not seen. Looks at each character once, whatever pieces they come in.
class LookAlike {
 public:
  /// `word` is lent.
  explicit LookAlike(std::string_view word) : word_left_(word) {}
  /// Of the line so far; nothing: what follows may complete it. Not to be asked again once it was told.
  std::optional<bool> add(std::string_view bytes);
  [[nodiscard]] const std::string& line() const { return line_; }

 private:
  std::string_view word_left_;
  std::string line_;
  std::size_t looked_ = 0;  // Bytes of it.
};

/// The same of a line that begins with `bytes`.
std::optional<bool> looks_like(std::string_view bytes, std::string_view word);

/// What is seen of a line's first `characters_max` characters.
std::string seen_text(std::string_view line, std::size_t characters_max = std::string_view::npos);

}  // namespace stapsh::client
