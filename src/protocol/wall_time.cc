// SPDX-License-Identifier: Apache-2.0
#include "protocol/wall_time.h"

#include <algorithm>
#include <cstdint>

#include "base/parse_int.h"

namespace stapsh {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

std::optional<WallTime> parse_wall_time(std::string_view word) {
  const std::size_t point = word.find('.');
  if (point == std::string_view::npos || word.size() - point != 10) return std::nullopt;
  const auto seconds = parse_int<std::int64_t>(word.substr(0, point), 0, 1'000'000'000'000);
  const auto nanoseconds = parse_int<std::int64_t>(word.substr(point + 1), 0, kNanosecondsPerSecond - 1);
  if (!seconds || !nanoseconds) return std::nullopt;
  const std::int64_t whole = std::min<std::int64_t>(*seconds, 9'000'000'000);
  return WallTime(whole * kNanosecondsPerSecond + *nanoseconds);
}

std::string format_wall_time(WallTime time) {
  const std::string fraction = std::to_string(time.count() % kNanosecondsPerSecond);
  std::string text = std::to_string(time.count() / kNanosecondsPerSecond) + '.';
  text.append(9 - fraction.size(), '0');
  return text + fraction;
}

}  // namespace stapsh
