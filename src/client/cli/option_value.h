// SPDX-License-Identifier: Apache-2.0
// What a value is, as far as its name in the tables tells: FILE, USER, text|json. For completions.
#pragma once

#include <string_view>
#include <vector>

namespace stapsh::client {

enum class ValueKind { kNone, kChoice, kFile, kFolder, kProgram, kUser, kTarget, kOther };

struct OptionValue {
  ValueKind kind = ValueKind::kNone;
  bool may_be_left_out = false;
  std::string_view name;                  ///< Without brackets.
  std::vector<std::string_view> choices;  ///< Of kChoice.
};

/// `value` as a table has it: "", "FILE", "[=WHEN]", "text|json".
OptionValue describe_value(std::string_view value);

}  // namespace stapsh::client
