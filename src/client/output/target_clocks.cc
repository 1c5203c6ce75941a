// SPDX-License-Identifier: Apache-2.0
#include "client/output/target_clocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace stapsh::client {
namespace {

// Agents say what they like.
WallTime difference(WallTime a, WallTime b) {
  WallTime::rep count = 0;
  if (__builtin_sub_overflow(a.count(), b.count(), &count)) return a < b ? WallTime::min() : WallTime::max();
  return WallTime(count);
}

std::string span_text(WallTime time) {
  const double seconds = std::fabs(std::chrono::duration<double>(time).count());
  return seconds >= 1 ? fmt::format("{:.3f} s", seconds) : fmt::format("{:.3f} ms", seconds * 1e3);
}

}  // namespace

LineTime TargetClocks::time_of(std::size_t target, const event::Output& output, WallTime came) {
  Clock& clock = clocks_.at(target);
  clock.spoke = true;
  if (!output.time) return {came, came};
  clock.told = true;
  if (!clock.offset) return {*output.time, came};
  // Nothing is read after it came here: then a clock was set meanwhile.
  return {*output.time, std::clamp(difference(*output.time, *clock.offset), WallTime{}, came)};
}

std::vector<std::size_t> TargetClocks::without_clock() const {
  std::vector<std::size_t> found;
  for (std::size_t target = 0; target < clocks_.size(); ++target) {
    if (clocks_[target].spoke && !clocks_[target].told) found.push_back(target);
  }
  return found;
}

std::string clock_text(const event::Connected& connected) {
  const WallTime offset = connected.clock_offset.value_or(WallTime{});
  return fmt::format("its clock is {} {} ours (± {})", span_text(offset), offset.count() < 0 ? "behind" : "ahead of",
                     span_text(connected.clock_uncertainty.value_or(WallTime{})));
}

}  // namespace stapsh::client
