// SPDX-License-Identifier: Apache-2.0
// `option keepalive`: who is idle for a third of the limit says ping; who hears nothing for the whole of
// it takes that for the end of input. Pure.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace stapsh {

class Keepalive {
 public:
  /// From now on, which is when something was last heard.
  void enable(Duration limit) {
    limit_ = limit;
    said_ = heard_;
  }
  void disable() { limit_.reset(); }

  void heard(TimePoint now) { heard_ = now; }
  void said(TimePoint now) { said_ = now; }

  [[nodiscard]] bool lost(TimePoint now) const { return limit_ && now >= heard_ + *limit_; }
  [[nodiscard]] bool ping_due(TimePoint now) const { return limit_ && now >= said_ + *limit_ / 3; }
  /// When either of them may become true.
  [[nodiscard]] std::optional<TimePoint> next() const {
    if (!limit_) return std::nullopt;
    return std::min(heard_ + *limit_, said_ + *limit_ / 3);
  }
  [[nodiscard]] TimePoint last_heard() const { return heard_; }

 private:
  std::optional<Duration> limit_;
  TimePoint heard_;
  TimePoint said_;
};

/// The earlier of two times, where none is never.
inline std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace stapsh
