// SPDX-License-Identifier: Apache-2.0
#include "client/output/timestamp_text.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <iterator>

namespace stapsh::client {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::size_t kSecondBytes = 19;  // 2026-11-26T23:04:05

}  // namespace

std::string_view TimestampText::text(const LineTime& time) {
  switch (kind_) {
    case Timestamps::kNone:
      return {};
    case Timestamps::kIso:
      write_iso(time.shown);
      break;
    case Timestamps::kDelta:
      text_ = fmt::format("[{:12.6f}] ", std::chrono::duration<double>(time.ordered - begin_).count());
      break;
  }
  return text_;
}

// What a clock says that is before 1970, or so far off that it has no year of four digits, is shown as 1970.
void TimestampText::write_iso(WallTime time) {
  std::int64_t second = time.count() / kNanosecondsPerSecond, nanoseconds = time.count() % kNanosecondsPerSecond;
  if (time.count() < 0) second = nanoseconds = 0;
  if (second != second_) {  // Lines come many in a second.
    second_ = second;
    const std::time_t seconds = second;
    std::tm local{};
    (void)::localtime_r(&seconds, &local);
    const long minutes = std::labs(local.tm_gmtoff) / 60;
    text_ = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                        local.tm_hour, local.tm_min, local.tm_sec);
    zone_ = fmt::format("{}{:02}:{:02} ", local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
  }
  text_.resize(kSecondBytes);
  fmt::format_to(std::back_inserter(text_), ".{:06}{}", nanoseconds / 1'000, zone_);
}

}  // namespace stapsh::client
