// SPDX-License-Identifier: Apache-2.0
// rstap's command line: words in, options out. Options are scanned by getopt_long from tables made of option_table.h:
// stap uses getopt, and its combined short options (-vg, -Gx=1), permutation and `--` must carry over exactly; CLI11
// has a syntax of its own for each of them. Never prints, never exits.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// `words` without the program's name. kUsage names the word and says what to do.
Result<RstapOptions> parse_rstap_arguments(std::span<const std::string> words);

/// The text of --help, without colours, at most 100 columns.
std::string rstap_help();

}  // namespace stapsh::client
