// SPDX-License-Identifier: Apache-2.0
// The two clocks. Only shells read them; pure code is handed the time.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace stapsh::sys {

/// For timers and bounds (CLOCK_MONOTONIC).
inline TimePoint now() { return std::chrono::steady_clock::now(); }

/// `limit` from now; Duration::max() does not overflow.
inline TimePoint deadline_after(Duration limit) {
  const TimePoint start = now();
  return start + std::min(limit, TimePoint::max() - start);
}

/// How long until `deadline`; zero if it has passed.
inline Duration time_left(TimePoint deadline) {
  const TimePoint start = now();
  return deadline > start ? deadline - start : Duration::zero();
}

/// For people: since 1970.
inline WallTime wall_now() {
  return std::chrono::duration_cast<WallTime>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace stapsh::sys
