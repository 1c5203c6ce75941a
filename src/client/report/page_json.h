// SPDX-License-Identifier: Apache-2.0
// JSON that may stand inside a <script> of a page, whatever its texts are: no "<", ">" or "&" is in it, so it can
// neither end its element nor begin another. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.h"
#include "client/answers/number.h"

namespace stapsh::client::report {

/// A string, with its quotes. Newlines and tabs stay; what else is no text is spelled as shown_text() spells it: ^@ for
/// NUL, <9B> for a byte that is no UTF-8, <U+202E> for what would turn the writing around. Behind `bytes_max` bytes it
/// is cut, and says how long it was.
void append_page_text(std::string& to, std::string_view text, std::size_t bytes_max = std::string_view::npos);

/// A number where JavaScript's can hold it exactly, else its digits as {"n":"DIGITS"}.
void append_page_number(std::string& to, Number number);

/// Seconds, to the microsecond, without zeros at the end.
void append_page_seconds(std::string& to, WallTime time);

}  // namespace stapsh::client::report
