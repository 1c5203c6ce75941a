// SPDX-License-Identifier: Apache-2.0
// Words as a shell would read them again. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace stapsh::client {

/// In quotes where a shell would see more than a word; control characters as in $'\n', so it is always one line.
std::string quote_shell_word(std::string_view word);
/// Several, with blanks between.
std::string quote_shell_words(std::span<const std::string> words);

}  // namespace stapsh::client
