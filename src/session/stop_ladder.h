// SPDX-License-Identifier: Apache-2.0
// The one stopping path: what is done to a runner that shall end, rung by rung. A rung lasts the grace time; a runner
// that gets on earns more of it, and all of the stop has one limit. Pure: told the time, never reads it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/activity.h"
#include "base/time.h"

namespace stapsh {

struct StopTimes {
  Duration grace = std::chrono::seconds(5);   ///< Of a rung on which nothing gets on.
  Duration limit = std::chrono::minutes(10);  ///< Of the whole stop, whatever gets on.
};

/// What a stop may last longer for the sake of its output: as long as it takes at 1 KiB a second, and a minute more in
/// all. Whatever else shows only that somebody is there gets no more than that minute either.
class SlowAllowance {
 public:
  static constexpr Duration kMinute = std::chrono::seconds(60);
  static constexpr std::uint64_t kBytesPerSecond = 1'024;

  /// Where so much of the minute is granted anyway.
  explicit SlowAllowance(Duration granted = {}) : taken_(std::min(granted, kMinute)) {}
  /// So much output came.
  void note(std::uint64_t bytes) { bytes_ = std::min(bytes_ + bytes, kBytesMax); }
  /// Takes as much of `wanted` as there is.
  Duration take(Duration wanted) {
    const Duration granted =
        std::clamp<Duration>(wanted, {}, kMinute + std::chrono::seconds(bytes_ / kBytesPerSecond) - taken_);
    taken_ += granted;
    return granted;
  }
  [[nodiscard]] bool spent() const { return taken_ >= kMinute + std::chrono::seconds(bytes_ / kBytesPerSecond); }
  /// Moves `time` to `later`, or as far as there is something for it.
  void prolong(TimePoint& time, TimePoint later) { time += take(later - time); }

 private:
  static constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 40;  // A thousand million seconds.
  std::uint64_t bytes_ = 0;
  Duration taken_;
};

class StopLadder {
 public:
  enum class Rung {
    kStopSignal,  ///< The runner's own: end probes run and their output comes.
    kTerminate,   ///< SIGTERM.
    kKill,        ///< SIGKILL to every process of the session.
    kDiscard,     ///< Output that nobody takes is thrown away.
    kGiveUp,      ///< A process that even SIGKILL does not end (state D): end without it, and say so.
  };
  static constexpr int kRungs = 4;  ///< That last a while.

  static constexpr Duration kDeathTime = std::chrono::seconds(1);

  /// Rungs are shorter than their grace where all of them would not fit into half of the limit.
  explicit StopLadder(StopTimes times)
      : grace_is_cut_(times.grace > times.limit / (2 * kRungs)),
        grace_(std::min(times.grace, times.limit / (2 * kRungs))),
        death_time_(std::min(std::max<Duration>(grace_, kDeathTime), times.limit / (2 * kRungs))),
        limit_(times.limit) {}

  [[nodiscard]] bool climbing() const { return escalate_at_.has_value(); }
  [[nodiscard]] Rung rung() const { return rung_; }
  /// When to climb; none before start() and after stand_down().
  [[nodiscard]] std::optional<TimePoint> escalate_at() const { return escalate_at_; }

  /// Somebody asks for the end: from now on the limit counts.
  void begin(TimePoint now) {
    began_ = now;
    slow_ = SlowAllowance();
  }

  void start(Rung rung, TimePoint now) {
    rung_ = rung;
    // Death takes a moment, however short the grace.
    escalate_at_ = now + (rung < Rung::kKill ? grace_ : death_time_);
    repeat_at_ = now + grace_;
  }

  /// One rung higher. False at the top.
  bool climb(TimePoint now) {
    if (rung_ == Rung::kGiveUp) return false;
    start(static_cast<Rung>(static_cast<int>(rung_) + 1), now);
    return true;
  }

  /// Whoever asked for the end asks again: what the runner does earns nothing any more, only its output does. But what
  /// was killed takes the time that the kernel needs: to close three hundred probes is half a minute.
  void hurry() { hurried_ = true; }

  /// Earns a new grace time. True: the rung's signal is to be sent once more. bpftrace 0.17 loses one that comes while
  /// it does anything but wait, and traces on as if nothing were; while it holds all its probes, a second one costs
  /// nothing.
  [[nodiscard]] bool note_activity(Activity activity, TimePoint now) {
    if ((hurried_ && rung_ < Rung::kKill) || !climbing()) return false;
    if (activity == Activity::kWorks || activity == Activity::kTraces) {
      escalate_at_ = std::max(*escalate_at_, earned(now));
    }
    if (activity == Activity::kWaits) slow_.prolong(*escalate_at_, earned(now));
    if (activity != Activity::kTraces || rung_ >= Rung::kKill || now < repeat_at_) return false;
    repeat_at_ = now + grace_;
    return true;
  }
  /// Output was taken: earns a new grace time as well, if it is not too slow.
  void note_output(std::uint64_t bytes, TimePoint now) {
    slow_.note(bytes);
    if (climbing()) slow_.prolong(*escalate_at_, earned(now));
  }

  void stand_down() { escalate_at_.reset(); }

  /// Whether it is time to climb. A stale timer is normal.
  [[nodiscard]] bool due(TimePoint now) const { return climbing() && now >= *escalate_at_; }

  /// What a rung lasts while nothing gets on.
  [[nodiscard]] Duration grace() const { return grace_; }
  /// When a runner that still gets on is pressed harder, so that the last rungs end within the limit.
  [[nodiscard]] TimePoint progress_ends() const { return began_ + limit_ - 2 * grace_ - 2 * death_time_; }
  /// For a person who loses the end of a run, when SIGKILL is sent: how long it took, why, and what gives more time.
  [[nodiscard]] std::string why_killed(TimePoint now) const;

 private:
  [[nodiscard]] TimePoint earned(TimePoint now) const { return std::min(now + grace_, progress_ends()); }

  bool grace_is_cut_;  // By the limit.
  Duration grace_, death_time_, limit_;
  Rung rung_ = Rung::kStopSignal;
  TimePoint began_, repeat_at_;
  SlowAllowance slow_;
  bool hurried_ = false;
  std::optional<TimePoint> escalate_at_;
};

}  // namespace stapsh
