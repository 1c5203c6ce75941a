// SPDX-License-Identifier: Apache-2.0
// Looks now and then at processes that are waited for: at a runner that was told to stop, at who unloads its module.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>

#include "base/activity.h"
#include "base/time.h"
#include "protocol/agent_line.h"
#include "sys/activity_meter.h"

namespace stapsh::agent {

class RunnerWatch {
 public:
  /// Looks from now on, several times in each rung. Again: goes on as before.
  void begin(Duration grace, TimePoint now);
  void end();

  /// When to look; none before begin().
  [[nodiscard]] std::optional<TimePoint> next_look() const { return next_; }
  [[nodiscard]] bool due(TimePoint now) const { return next_ && now >= *next_; }
  /// `further`: see sys::ActivityMeter.
  Activity look(std::span<const pid_t> pids, const std::string& further, TimePoint now);
  /// What the client is told of the last look.
  [[nodiscard]] WorkingLine line(std::string program) const;

 private:
  sys::ActivityMeter meter_;
  Duration pause_{};
  std::optional<TimePoint> next_;
};

}  // namespace stapsh::agent
