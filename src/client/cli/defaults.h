// SPDX-License-Identifier: Apache-2.0
// What holds where the command line says nothing: the configuration file, then RSTAP_OPTIONS.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/cli/option_scan.h"

namespace stapsh::client {

/// The variables that say where it is. Empty is as good as unset, but for RSTAP_CONFIG: then there is no file.
struct DefaultsEnvironment {
  std::optional<std::string> rstap_options, rstap_config, xdg_config_home, home;
};

struct Defaults {
  std::string file;                  ///< The configuration; empty: there is none.
  std::vector<GivenOption> options;  ///< The configuration's, then those of RSTAP_OPTIONS.
  std::map<std::string, std::vector<std::string>> groups, aliases;
};

/// For this command line, which may say --config. Nothing is read for --help and --version. kUsage names the file, the
/// line and the key, or the word, and says what is wrong with it.
Result<Defaults> read_defaults(std::span<const std::string> words, const DefaultsEnvironment& environment);

/// `words`, with what its first word stands for if that is an alias.
std::vector<std::string> expand_alias(std::span<const std::string> words, const Defaults& defaults);

}  // namespace stapsh::client
