// SPDX-License-Identifier: Apache-2.0
// What a run is at, from its events, in one line for a person. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/events/event.h"

namespace stapsh::client {

class RunProgress {
 public:
  void on_event(const Event& event);

  /// Its speed is that of about the second before `now`: ask often.
  /// "2 connecting, 37 running, 1 failed; 120 lines/s; waiting for web07 (connecting) and 1 more"
  [[nodiscard]] std::string text(TimePoint now);
  [[nodiscard]] std::size_t count(TargetState state) const { return counts_[static_cast<std::size_t>(state)]; }

 private:
  static constexpr std::size_t kStopped = kTargetStates;  ///< Ended before it ran.

  void move(std::size_t target, std::size_t state);
  [[nodiscard]] std::string waited_for() const;
  void measure(TimePoint now);

  std::vector<std::string> names_;
  std::vector<std::size_t> states_;  ///< A TargetState each, or kStopped.
  std::array<std::size_t, kTargetStates + 1> counts_{};

  std::uint64_t lines_ = 0;
  std::uint64_t lines_before_ = 0;                 ///< At measured_at_.
  std::optional<std::uint64_t> lines_per_second_;  ///< None: nothing came yet, or not for long.
  TimePoint measured_at_{};
};

}  // namespace stapsh::client
