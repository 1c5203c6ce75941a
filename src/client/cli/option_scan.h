// SPDX-License-Identifier: Apache-2.0
// Words to options and positionals, by getopt_long: stap uses getopt, and its combined short options (-vg, -Gx=1),
// permutation and `--` must carry over exactly; CLI11 has a syntax of its own for each of them. What a value means is
// not known here.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/cli/known_option.h"

namespace stapsh::client {

/// The further down, the nearer to the run.
enum class OptionSource { kFile, kEnvironment, kWords };

/// An option as it was given, wherever that was.
struct GivenOption {
  const KnownOption* option = nullptr;
  std::string value;     ///< Empty: none was given, or an empty one.
  std::string spelling;  ///< As errors name it: "-x", "--label", "FILE:LINE: label".
  OptionSource source = OptionSource::kWords;
};

/// Checks the value and puts it into `options`; the error names the option as it was spelled.
Result<> apply(const GivenOption& given, RstapOptions& options);

struct ScannedWords {
  std::vector<GivenOption> options;  ///< In order: the last one counts.
  std::vector<std::string> positionals;
};

/// `words` without the program's name. `before` stands before them. `--no-NAME` takes back each --NAME before it.
/// --help and --version end the scan, and stand alone. kUsage names the word that is no option, or lacks a value.
Result<ScannedWords> scan_words(std::span<const std::string> words, OptionSource source = OptionSource::kWords,
                                std::vector<GivenOption> before = {});

}  // namespace stapsh::client
