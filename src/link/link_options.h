// SPDX-License-Identifier: Apache-2.0
// The command line of stapsh-link.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "link/configuration.h"

namespace stapsh::link {

struct LinkOptions {
  std::string config = kConfigurationFile;
  bool check_config = false, help = false, version = false;
};

/// Words after the program's name; kUsage names the word.
Result<LinkOptions> parse_link_options(std::span<const std::string_view> words);
std::string link_help();
std::string link_version();

}  // namespace stapsh::link
