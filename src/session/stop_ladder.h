// SPDX-License-Identifier: Apache-2.0
// The one stopping path (design, section 3): what is done to a runner that shall end, rung by rung.
// A rung lasts the grace time; progress starts its time anew. Pure: told the time, never reads it.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"

namespace stapsh {

class StopLadder {
 public:
  enum class Rung {
    kStopSignal,  ///< The runner's own: end probes run and their output comes.
    kTerminate,   ///< SIGTERM.
    kKill,        ///< SIGKILL to every process of the session.
    kDiscard,     ///< Output that nobody takes is thrown away.
    kGiveUp,      ///< A process that even SIGKILL does not end (state D): end without it, and say so.
  };

  static constexpr int kProgressGracesMax = 60;
  static constexpr Duration kDeathTime = std::chrono::seconds(1);

  explicit StopLadder(Duration grace) : grace_(grace) {}

  [[nodiscard]] bool climbing() const { return escalate_at_.has_value(); }
  [[nodiscard]] Rung rung() const { return rung_; }
  /// When to climb; none before start() and after stand_down().
  [[nodiscard]] std::optional<TimePoint> escalate_at() const { return escalate_at_; }

  void start(Rung rung, TimePoint now) {
    rung_ = rung;
    rung_since_ = now;
    // Death takes a moment, however short the grace.
    escalate_at_ = now + (rung < Rung::kKill ? grace_ : std::max<Duration>(grace_, kDeathTime));
  }

  /// One rung higher. False at the top.
  bool climb(TimePoint now) {
    if (rung_ == Rung::kGiveUp) return false;
    start(static_cast<Rung>(static_cast<int>(rung_) + 1), now);
    return true;
  }

  /// Earns a new grace time. A flood that never ends earns no more than kProgressGracesMax of them on a rung.
  void progress(TimePoint now) {
    if (climbing()) escalate_at_ = std::min(now + grace_, rung_since_ + kProgressGracesMax * grace_);
  }

  void stand_down() { escalate_at_.reset(); }

  /// Whether it is time to climb. A stale timer is normal.
  [[nodiscard]] bool due(TimePoint now) const { return climbing() && now >= *escalate_at_; }

 private:
  Duration grace_;
  Rung rung_ = Rung::kStopSignal;
  TimePoint rung_since_;
  std::optional<TimePoint> escalate_at_;
};

}  // namespace stapsh
