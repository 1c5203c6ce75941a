// SPDX-License-Identifier: Apache-2.0
// What one session may still put on the disk, where the sessions of a listener share a limit (--workspaces-bytes-max).
// Each counts for itself, in memory that all of them see, so that the listener can strike out what a session held,
// whatever ended it.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "sys/shared_counters.h"

namespace stapsh::agent {

class BytesQuota {
 public:
  using Counter = sys::SharedCounters::Counter;

  /// Without a limit.
  BytesQuota() = default;
  /// `all` and `own`, which is one of them, are lent; together they stay below `max`.
  BytesQuota(std::span<const Counter> all, Counter& own, std::uint64_t max) : all_(all), own_(&own), max_(max) {}

  /// Whether so many more would do now. kLimit names the limit.
  [[nodiscard]] Result<> check(std::uint64_t bytes) const;
  /// Takes them. Of two sessions that take the last bytes at the same moment, both may be refused.
  Result<> take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);

 private:
  [[nodiscard]] std::uint64_t taken() const;

  std::span<const Counter> all_;
  Counter* own_ = nullptr;
  std::uint64_t max_ = 0;
};

}  // namespace stapsh::agent
