// SPDX-License-Identifier: Apache-2.0
// The agents that can be run here and brought elsewhere: beside us for our own machine, and for others where
// `lib/rstap/agents/MACHINE/stapsh` is installed.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "client/options/rstap_options.h"
#include "client/transport/bootstrap_talk.h"

namespace stapsh::client {

/// The agent for this machine: --stapsh, beside us, in PATH, where distributions hide it.
Result<std::string> find_local_agent(const ReachOptions& options);

/// Each is read once for all targets.
class AgentImages {
 public:
  explicit AgentImages(const ReachOptions& options) : options_(options) {}

  /// Reads the one for our own machine, which most others are like. That there is none is told by find().
  void prepare();
  /// The one for `machine`, as uname -m says it. An Error names the machines that there are agents for.
  Result<AgentImage> find(const std::string& machine);

 private:
  [[nodiscard]] Result<std::string> path_for(const std::string& machine) const;

  const ReachOptions& options_;
  std::map<std::string, AgentImage> images_;
};

}  // namespace stapsh::client
