// SPDX-License-Identifier: Apache-2.0
// Durations as people and peers write them: "5", "0.2".
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/shown_text.h"
#include "base/time.h"

namespace stapsh {

/// Seconds from 0.001 to 10000000, fractions allowed. kUsage names `text` otherwise.
inline Result<Duration> parse_seconds(std::string_view text) {
  double seconds = -1;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stopped_at != end || !(seconds >= 0.001) || seconds > 10'000'000) {
    return fail(Errc::kUsage, "'" + shown_text(text, 40) + "' is not a number of seconds from 0.001 to 10000000");
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

/// As parse_seconds() takes it, to the microsecond: "5", "0.2".
inline std::string format_seconds(Duration duration) {
  std::string text = std::to_string(std::chrono::duration<double>(duration).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace stapsh
