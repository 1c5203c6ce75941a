// SPDX-License-Identifier: Apache-2.0
// Whether processes that say nothing are at work: what /proc tells of them now, compared with the look before.
// Detaching hundreds of probes takes a minute, in which a runner neither prints nor uses much of a processor.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/activity.h"
#include "base/time.h"

namespace stapsh::sys {

class ActivityMeter {
 public:
  struct Probes {
    std::uint64_t left = 0;
    std::uint64_t most = 0;  ///< That were attached at any look.
    bool operator==(const Probes&) const = default;
  };

  /// Between two looks at who gets this grace time: short enough for several in it.
  static Duration pause_within(Duration grace);

  /// What happened since the last look; the first one says kNone. `further`: something else that shows progress where
  /// it changes, the state of a kernel module for example. What can't be read of a process does not count.
  Activity look(std::span<const pid_t> pids, TimePoint now, std::string_view further = {});

  /// The perf events and BPF links that they held at the last look; none if they never held one.
  [[nodiscard]] std::optional<Probes> probes() const;

  /// The next look is the first one.
  void reset() { *this = ActivityMeter(); }

 private:
  struct Seen {
    std::uint64_t ticks = 0;     // Of processor time.
    std::uint64_t switches = 0;  // Voluntary ones, of who was seen in state D.
    std::uint64_t descriptors = 0;
    bool operator==(const Seen&) const = default;
  };

  bool first_ = true;
  std::unordered_map<pid_t, Seen> seen_;
  TimePoint ticks_since_;
  std::uint64_t ticks_ = 0;  // Of processor time, since then.
  std::string further_;
  Probes probes_;
};

}  // namespace stapsh::sys
