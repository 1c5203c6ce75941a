// SPDX-License-Identifier: Apache-2.0
// Every option that rstap takes, whichever table it stands in: stap's (option_table.h), ours (client_option_table.h),
// the limits (limits.h). Who goes through all of them (the parser, the completions, the configuration) asks here.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "client/cli/client_option_table.h"
#include "client/options/option_table.h"
#include "protocol/limits.h"

namespace stapsh::client {

class KnownOption {
 public:
  using Row = std::variant<const OptionEntry*, const ClientOption*, const LimitEntry*>;
  explicit KnownOption(Row row) : row_(row) {}

  [[nodiscard]] char short_name() const;
  [[nodiscard]] std::string_view long_name() const;  ///< A literal, or empty.
  [[nodiscard]] std::string_view value() const;      ///< As the tables have it; empty: takes none.
  [[nodiscard]] std::string_view help() const;
  [[nodiscard]] bool value_is_optional() const { return value().starts_with('['); }
  /// Its values add up. The tables' help says so as well.
  [[nodiscard]] bool repeatable() const { return help().find("(repeatable)") != std::string_view::npos; }
  /// "-x" or "--remote".
  [[nodiscard]] std::string spelling() const;

  /// Its row, if it is one of stap's or bpftrace's; nullptr: it is ours.
  [[nodiscard]] const OptionEntry* run_option() const;

  /// Whether it says how a run is shown: `rstap replay` takes it, too.
  [[nodiscard]] bool is_about_output() const;

  /// Checks `value` and puts it into `options`. The error does not name the option.
  Result<> take(RstapOptions& options, const std::string& value) const;

 private:
  Row row_;
};

/// In the order of the tables.
const std::vector<KnownOption>& known_options();

/// By a long name, whole; nullptr: there is none.
const KnownOption* find_known_option(std::string_view long_name);

}  // namespace stapsh::client
