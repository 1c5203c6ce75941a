// SPDX-License-Identifier: Apache-2.0
// Numbers that follow from the seed alone, with every library (std's distributions differ).
#pragma once

#include <cstdint>
#include <random>

#include "base/time.h"

namespace stapsh::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  /// 0 .. end - 1.
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }
  std::size_t between(std::size_t first, std::size_t last) { return first + below(last - first + 1); }
  /// True in `percent` of 100 cases.
  bool chance(std::size_t percent) { return below(100) < percent; }
  /// Mostly small, now and then up to `max`.
  std::size_t size(std::size_t max) { return below((chance(50) ? std::min<std::size_t>(max, 8) : max) + 1); }
  Duration up_to(Duration max) {
    return Duration(static_cast<Duration::rep>(engine_() % (static_cast<std::uint64_t>(max.count()) + 1)));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace stapsh::sim
