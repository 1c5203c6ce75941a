// SPDX-License-Identifier: Apache-2.0
// The clock types that every layer uses. Pure code is handed the time; it never reads a clock.
#pragma once

#include <chrono>

namespace stapsh {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Wall-clock time since 1970, as `option time` sends it.
using WallTime = std::chrono::nanoseconds;

}  // namespace stapsh
