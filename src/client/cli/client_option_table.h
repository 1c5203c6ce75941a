// SPDX-License-Identifier: Apache-2.0
// The options that rstap has beyond stap's, and the options of stap that it refuses for good. What stap shares with
// rstap is in option_table.h.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

enum class OptionGroup { kTargets, kOutput, kTime, kTransport, kWords, kOther };

/// One row: the parser, --help, the completions and the configuration file all live on it.
struct ClientOption {
  std::string_view long_name;
  /// The value's name in help. Empty: takes none. "[=X]": may be left out; take() then gets an empty one. "a|b": it is
  /// one of these. FILE, DIR, PATH, COMMAND, USER, TARGET and SET say how a shell completes it.
  std::string_view value;
  OptionGroup group;
  std::string_view help;
  Result<> (*take)(RstapOptions& options, const std::string& value);
  char short_name = '\0';
};

std::span<const ClientOption> client_option_table();

struct RefusedOption {
  char short_name;             ///< '\0': none.
  std::string_view long_name;  ///< A literal; empty: none.
  std::string_view why;        ///< And what to do instead.
};

std::span<const RefusedOption> refused_option_table();

/// kUsage if another kind of label was asked for before.
Result<> set_labels(RstapOptions& options, LabelMode labels);

}  // namespace stapsh::client
