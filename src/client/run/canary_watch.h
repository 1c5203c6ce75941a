// SPDX-License-Identifier: Apache-2.0
// Whether the targets that run before all others are well: each has ended with success, or runs for long enough. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/time.h"
#include "client/options/run_rules.h"

namespace stapsh::client {

class CanaryWatch {
 public:
  enum class Verdict { kWait, kWell, kFailed };

  explicit CanaryWatch(const CanaryRule& rule) : rule_(rule), canaries_(rule.targets) {}

  /// They are the first of all targets.
  [[nodiscard]] bool is_canary(std::size_t target) const { return target < canaries_.size(); }
  void note_running(std::size_t target, TimePoint now) {
    if (is_canary(target)) canaries_[target].running_since = now;
  }
  void note_ended(std::size_t target, bool success) {
    if (is_canary(target)) canaries_[target].success = success;
  }

  /// Once it is not kWait it stays.
  Verdict look(TimePoint now) {
    if (verdict_ != Verdict::kWait) return verdict_;
    const auto failed = [](const Canary& each) { return each.success == false; };
    if (std::any_of(canaries_.begin(), canaries_.end(), failed)) return verdict_ = Verdict::kFailed;
    const std::optional<TimePoint> well = well_at();
    return verdict_ = well && now >= *well ? Verdict::kWell : Verdict::kWait;
  }
  /// When all are well, if none fails until then; none: that can't be known yet.
  [[nodiscard]] std::optional<TimePoint> well_at() const {
    TimePoint at{};
    for (const Canary& each : canaries_) {
      if (each.success == true) continue;
      if (!rule_.time || !each.running_since) return std::nullopt;
      at = std::max(at, *each.running_since + *rule_.time);
    }
    return at;
  }

 private:
  struct Canary {
    std::optional<TimePoint> running_since;
    std::optional<bool> success;  ///< Of one that has ended.
  };

  CanaryRule rule_;
  std::vector<Canary> canaries_;
  Verdict verdict_ = Verdict::kWait;
};

}  // namespace stapsh::client
