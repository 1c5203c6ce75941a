// SPDX-License-Identifier: Apache-2.0
// Text of others as it may stand in a line of ours: it can't end that line, move the cursor or turn the writing around.
// What is no text is spelled as less(1) spells it: ^M and ^[ for control characters, <9B> for bytes that are no UTF-8,
// <U+202E> for other characters that would be obeyed. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stapsh {

/// How the first character of `text` is spelled where it can't be shown; sets `bytes` to what it takes of `text`.
/// Empty: it is shown as it is.
std::string spelled_character(std::string_view text, std::size_t& bytes);

/// How the first character of `text` that would be obeyed (is_control(): it is no text, or turns text around) is
/// spelled. Empty: there is none.
std::string spelled_control(std::string_view text);

/// All of `text`, spelled where it must be. More than `bytes_max` bytes are cut, and "..." says so.
std::string shown_text(std::string_view text, std::size_t bytes_max = std::string_view::npos);

/// Likewise of a text that may have lines and tabs: these stay.
std::string shown_lines(std::string_view text);

}  // namespace stapsh
