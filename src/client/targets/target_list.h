// SPDX-License-Identifier: Apache-2.0
// Who a run is for: all that the options about targets say, in order, as targets. Sets are expanded, lists, groups and
// inventories read.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/options/rstap_options.h"
#include "client/targets/remote_uri.h"

namespace stapsh::client {

/// @FILE lists and groups may name others, at most this deep.
inline constexpr unsigned kTargetListDepthMax = 8;

struct Target {
  unsigned index = 0;  ///< From 0, in the order given: the N of --remote-prefix and of remote_id().
  std::string text;    ///< One address as written, after its set was expanded.
  RemoteUri uri;
  /// For people: an inventory's name, that of a host which a command or a broker reaches, or `text` less an ending ':'.
  /// The second and later of the same have "#2", "#3" … behind it, counted before anybody is left out: the next run
  /// calls them the same.
  std::string name;
  bool operator==(const Target&) const = default;
};

struct TargetList {
  std::vector<Target> targets;
  std::size_t left_out = 0;        ///< So many had finished (TargetOptions::finished); they may be all.
  std::vector<std::string> files;  ///< That say who they are.
  std::size_t picked_from = 0;     ///< --pick took them out of so many; 0: they are all.
};

/// Values of --remote, then the inventories' hosts, less --exclude, less who had finished; --pick takes some of the
/// rest. A value is a set, and has nobody twice; several values, and lines of a list, may repeat each other, as stap's
/// options may. Lists hold one value per line, `#` comments and blank lines; a nested @FILE is relative to the list
/// that names it. nats://SITE/* are the hosts that are connected to that site's broker. All errors are kUsage, since
/// all of it is words that a person wrote; they name the file and line. No target at all is one.
Result<TargetList> list_targets(const TargetOptions& options, const NatsSites& sites = {});

}  // namespace stapsh::client
