// SPDX-License-Identifier: Apache-2.0
// The configuration file: TOML with [options], [groups], [aliases] and a table [nats.SITE] for each site. See rstap(1).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/cli/option_scan.h"

namespace stapsh::client {

struct Configuration {
  std::vector<GivenOption> options;  ///< In the order of the file; their values are not checked. Sites' are --nats.
  std::map<std::string, std::vector<std::string>> groups;   ///< What @NAME stands for: each as a value of --remote.
  std::map<std::string, std::vector<std::string>> aliases;  ///< What a first word stands for.
};

/// `text` of the file at `path`. kUsage: `PATH:LINE: KEY: REASON`.
Result<Configuration> parse_configuration(std::string_view text, const std::string& path);

}  // namespace stapsh::client
