// SPDX-License-Identifier: Apache-2.0
// By how much an agent's wall clock differs from ours, from one question and its answer. Pure.
#pragma once

#include "session/client_effect.h"

namespace stapsh::client {

struct ClockOffset {
  WallTime offset{};       ///< The agent's clock less ours.
  WallTime uncertainty{};  ///< The offset may be so much more or less.
};

/// `now` and `wall` are our two clocks at one moment. The agent looked at its own somewhere on the way; nobody knows
/// where, so the middle is taken, and half of the way is the uncertainty.
inline ClockOffset clock_offset(const ClockReading& reading, TimePoint now, WallTime wall) {
  const Duration half = (reading.answered - reading.asked + Duration(1)) / 2;
  return {reading.agent - (wall - (now - (reading.asked + half))), half};
}

}  // namespace stapsh::client
