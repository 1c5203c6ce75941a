// SPDX-License-Identifier: Apache-2.0
#include "session/stop_ladder.h"

#include "base/parse_seconds.h"

namespace stapsh {

std::string StopLadder::why_killed(TimePoint now) const {
  std::string text = format_seconds(std::chrono::round<std::chrono::milliseconds>(now - began_)) + " s into its stop";
  if (hurried_) return text + ", for the end was asked for again";
  if (now >= progress_ends()) return text + ", while it still got on; --stop-limit gives more";
  if (slow_.spent()) return text + ", for more than a minute of which next to nothing came of it";
  return text + ": it did not get on for " + format_seconds(grace_) + " s after either signal; " +
         (grace_is_cut_ ? "--stop-limit" : "--grace") + " gives more";
}

}  // namespace stapsh
