// SPDX-License-Identifier: Apache-2.0
// When the failures of some targets decide about others: --halt and --canary. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace stapsh::client {

/// --halt: a run ends when so many targets have failed.
struct HaltRule {
  enum class When {
    kNow,   ///< All are stopped.
    kSoon,  ///< None is started any more; what runs ends by itself.
  };
  When when = When::kNow;
  unsigned failures = 1;  ///< Or a part of all targets, in percent.
  bool percent = false;

  [[nodiscard]] bool reached(std::size_t failed, std::size_t targets) const;
  /// As it is given: "soon,fail=10%".
  [[nodiscard]] std::string text() const;
  bool operator==(const HaltRule&) const = default;
};
Result<HaltRule> parse_halt(std::string_view text);

/// --canary: the first so many targets run alone, until all of them are well.
struct CanaryRule {
  unsigned targets = 1;
  std::optional<Duration> time;  ///< Who has run for so long is well; none: who has ended with success.
  bool operator==(const CanaryRule&) const = default;
};
Result<CanaryRule> parse_canary(std::string_view text);

}  // namespace stapsh::client
