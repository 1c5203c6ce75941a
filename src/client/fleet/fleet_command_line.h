// SPDX-License-Identifier: Apache-2.0
// The command line of `rstap fleet`. Never prints, never exits.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/fleet/site_texts.h"

namespace stapsh::client {

enum class FleetAction { kHelp, kInit, kEnroll, kClient, kRevoke, kList };

struct FleetOptions {
  FleetAction action = FleetAction::kHelp;
  std::string folder = ".";
  std::vector<std::string> names;  ///< Hosts for kEnroll, clients for kClient, either for kRevoke; checked.
  bool makes_store = false;        ///< kClient: may make the stream of files.
  Site site;                       ///< kInit.
  BrokerOptions broker;            ///< kInit; without its folder.
};

/// `words` behind `fleet`. kUsage says what to do.
Result<FleetOptions> parse_fleet_words(std::span<const std::string> words);

/// The text of `rstap fleet --help`.
std::string fleet_help();

}  // namespace stapsh::client
