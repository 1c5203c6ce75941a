// SPDX-License-Identifier: Apache-2.0
// Numbers that a process and those it forks share: memory of no file (mmap(2), MAP_SHARED), gone with the last of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/result.h"

namespace stapsh::sys {

class SharedCounters {
 public:
  using Counter = std::atomic<std::uint64_t>;
  static_assert(Counter::is_always_lock_free);  // Else another process's lock would be needed.

  SharedCounters() = default;
  SharedCounters(SharedCounters&& other) noexcept : all_(std::exchange(other.all_, {})) {}
  SharedCounters& operator=(SharedCounters&& other) noexcept;
  ~SharedCounters() { unmap(); }

  /// `count` zeros, at least one. Only those that are used take memory.
  static Result<SharedCounters> create(std::size_t count);

  [[nodiscard]] std::span<Counter> all() const { return all_; }

 private:
  void unmap() noexcept;

  std::span<Counter> all_;
};

}  // namespace stapsh::sys
