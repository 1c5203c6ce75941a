// SPDX-License-Identifier: Apache-2.0
// Lines of one stream in the order of their times, whichever target said them (--by-time). Pure.
//
// Each waits for `window` after it came, so that older ones of slower ways find their place before it. When its time is
// over, it goes, and before it all that is older. A line that is older than one that has gone is late: it goes at once,
// and is counted. Nothing but the order and the times of calls decides, so a recording gives the same bytes; a call of
// release() between them only lets go earlier what would have gone before the next line anyway.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "client/output/output_buffer.h"

namespace stapsh::client {

class ByTime {
 public:
  static constexpr std::size_t kHeldBytesMax = std::size_t{32} << 20;

  /// `out` is lent. What is held over `held_bytes_max` goes before its time is over, the oldest first.
  ByTime(WallTime window, OutputBuffer& out, std::size_t held_bytes_max = kHeldBytesMax)
      : window_(window), held_bytes_max_(held_bytes_max), out_(out) {}

  /// Whole lines of the time `time`, which came at `came`. Lines of one time stay in the order in which they came.
  void add(WallTime time, WallTime came, std::string_view lines);
  /// It is `now`. What has waited goes.
  void release(WallTime now);
  /// All goes, and what comes now may be older: the clock was set back, or this is the end.
  void start_anew();

  /// When release() has something to do.
  [[nodiscard]] std::optional<WallTime> next_release() const;
  [[nodiscard]] std::uint64_t late_lines() const { return late_lines_; }

 private:
  struct Wait {
    WallTime over_at, time;
  };
  void release_up_to(WallTime time);
  [[nodiscard]] std::size_t memory_bytes() const;

  WallTime window_;
  std::size_t held_bytes_max_;
  OutputBuffer& out_;
  std::multimap<WallTime, std::string> held_;
  std::deque<Wait> waits_;  // In the order in which it came: of what is held, and some of what went before its time.
  std::size_t held_bytes_ = 0;
  std::optional<WallTime> gone_;  // The newest time that has gone.
  std::uint64_t late_lines_ = 0;
};

}  // namespace stapsh::client
