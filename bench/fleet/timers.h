// SPDX-License-Identifier: Apache-2.0
// When each of many is to be woken, by its index; the earliest first.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/time.h"

namespace stapsh::fleet {

class Timers {
 public:
  explicit Timers(std::size_t count) : by_index_(count) {}

  void set(std::size_t index, std::optional<TimePoint> at) {
    if (by_index_[index] == at) return;
    if (by_index_[index]) all_.erase({*by_index_[index], index});
    if (at) all_.emplace(*at, index);
    by_index_[index] = at;
  }
  [[nodiscard]] std::optional<TimePoint> next() const {
    return all_.empty() ? std::nullopt : std::optional(all_.begin()->first);
  }
  /// One that is due, and has no time from now on.
  std::optional<std::size_t> take(TimePoint now) {
    if (all_.empty() || all_.begin()->first > now) return std::nullopt;
    const std::size_t index = all_.begin()->second;
    set(index, std::nullopt);
    return index;
  }

 private:
  std::set<std::pair<TimePoint, std::size_t>> all_;
  std::vector<std::optional<TimePoint>> by_index_;
};

}  // namespace stapsh::fleet
