// SPDX-License-Identifier: Apache-2.0
// rstap's command line: words in, options out. Words become options and positionals in option_scan.h, values are
// checked by the option's own row (known_option.h), positionals.h and check_together.h see to the rest. Never prints,
// never exits.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "client/cli/defaults.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// `words` without the program's name, and what holds where they say nothing. kUsage names the word and says what to
/// do.
Result<RstapOptions> parse_rstap_arguments(std::span<const std::string> words, const Defaults& defaults = {});

/// The text of --help, without colours, at most 100 columns.
std::string rstap_help();

}  // namespace stapsh::client
