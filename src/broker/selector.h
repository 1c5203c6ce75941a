// SPDX-License-Identifier: Apache-2.0
// Hosts by their labels: role=db,dc!=fra, as kubectl's -l has it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace stapsh::broker {

/// NAME and VALUE. Names are 1 to 64 letters, digits, '-', '_', '.' and '/'; values likewise, or empty.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// NAME=VALUE as a person writes it. kUsage says what is wrong.
Result<std::pair<std::string, std::string>> parse_label(std::string_view text);

class Selector {
 public:
  /// All hosts.
  Selector() = default;
  /// Conditions with ',' between them: NAME=VALUE (or ==), NAME!=VALUE, NAME (has one), !NAME (has none). Empty: all
  /// hosts. kUsage names the condition that is none.
  static Result<Selector> parse(std::string_view text);

  /// Whether all conditions hold. A host without the label has no value: NAME!=VALUE holds for it.
  [[nodiscard]] bool matches(const Labels& labels) const;
  /// As parse() takes it.
  [[nodiscard]] std::string text() const;

 private:
  enum class Kind { kEqual, kNotEqual, kHas, kHasNot };
  struct Condition {
    Kind kind;
    std::string name, value;
  };
  std::vector<Condition> conditions_;
};

}  // namespace stapsh::broker
