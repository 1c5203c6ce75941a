// SPDX-License-Identifier: Apache-2.0
// How many bytes may go now, where so many may in a second: a second's worth at once, and then as time goes on. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace stapsh::agent {

class OutputRate {
 public:
  /// As fast as it goes.
  OutputRate() = default;
  explicit OutputRate(std::uint64_t bytes_per_second) : rate_(static_cast<double>(bytes_per_second)) {}

  [[nodiscard]] bool limits() const { return rate_ > 0; }
  /// So many of `waiting` may go now. 0: none before next(). Never less than a tenth of a second's worth, unless that
  /// is all that waits: small pieces would cost more than they carry.
  std::size_t grant(std::size_t waiting, TimePoint now) {
    if (!limits()) return waiting;
    const double piece = std::min(static_cast<double>(waiting), rate_ / kPiecesPerSecond);
    const double allowed = std::max(0.0, kBurst - seconds(paid_at_ - now)) * rate_;
    const double may = std::min(allowed, rate_);
    next_ = now + duration((piece - may) / rate_) + std::chrono::microseconds(1);
    return may < piece ? 0 : std::min(waiting, static_cast<std::size_t>(may));
  }
  void spend(std::size_t bytes, TimePoint now) {
    if (limits()) paid_at_ = std::max(paid_at_, now) + duration(static_cast<double>(bytes) / rate_);
  }
  /// After a grant() of 0: when to ask again.
  [[nodiscard]] TimePoint next() const { return next_; }

 private:
  static constexpr double kBurst = 1;  // Second.
  static constexpr double kPiecesPerSecond = 10;
  static double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
  static Duration duration(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }

  double rate_ = 0;    // Bytes a second; 0: no limit.
  TimePoint paid_at_;  // When all that went is paid for, at that rate.
  TimePoint next_;
};

}  // namespace stapsh::agent
