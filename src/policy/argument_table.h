// SPDX-License-Identifier: Apache-2.0
// The one table of the runners' own options, and of what each can do beside tracing. It has all that the runners print
// of themselves (a test compares) and what their getopt(3) takes beyond it. Pure.
#pragma once

#include <span>
#include <string_view>

#include "protocol/runner_kind.h"

namespace stapsh::policy {

struct ArgumentEntry {
  /// What stands behind it. Each has a form of its own, so that a value can't be taken for a further option by a runner
  /// that counts otherwise.
  enum class Value {
    kNone,
    kNumber,       ///< Digits.
    kWord,         ///< Lower-case letters.
    kIndexAndUri,  ///< Digits, a colon, anything.
    kAny,          ///< Of what is not safe.
  };
  RunnerKind runner;
  char letter;            ///< 0: it has none.
  std::string_view name;  ///< Without `--`; empty: it has none.
  Value value;
  std::string_view danger;  ///< Why args=safe has it not, for a person; empty: it has.
  bool is_command = false;  ///< -c: command=yes has it.
};

/// Of all runners.
std::span<const ArgumentEntry> argument_table();

/// Null: the runner has none of that letter, or of that long name.
const ArgumentEntry* find_argument(RunnerKind runner, char letter);
const ArgumentEntry* find_argument(RunnerKind runner, std::string_view name);

}  // namespace stapsh::policy
