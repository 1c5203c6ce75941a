// SPDX-License-Identifier: Apache-2.0
// Text to integer, whole and in range. "5x", "+5", " 5", "" and 2^64 are errors; nothing wraps.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/shown_text.h"

namespace stapsh {

/// Decimal `text` as an Int from `min` to `max`. kUsage names `text` and the range otherwise.
template <std::integral Int>
Result<Int> parse_int(std::string_view text, Int min, Int max) {
  Int value{};
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped_at != end || value < min || value > max) {
    return fail(Errc::kUsage, "'" + shown_text(text, 40) + "' is not a whole number from " + std::to_string(min) +
                                  " to " + std::to_string(max));
  }
  return value;
}

}  // namespace stapsh
