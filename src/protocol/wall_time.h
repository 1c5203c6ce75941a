// SPDX-License-Identifier: Apache-2.0
// A wall clock on the wire: SECONDS.NANOSECONDS since 1970, with nine digits behind the point.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace stapsh {

/// Nothing if it is no time. Far beyond any clock it saturates.
std::optional<WallTime> parse_wall_time(std::string_view word);

/// Of a time since 1970, not before.
std::string format_wall_time(WallTime time);

}  // namespace stapsh
