// SPDX-License-Identifier: Apache-2.0
// Which hosts run, and how the others ended, as far as answers need it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace stapsh::client {

struct HostState {
  std::optional<WallTime> started;
  bool ended = false;
  bool ended_well = false;
  std::string why;  ///< Of an end that was not well; a line for a person, with its time.

  [[nodiscard]] bool running() const { return started.has_value() && !ended; }
};

struct FleetState {
  std::vector<HostState> hosts;
  std::size_t running = 0;
  bool stopping = false;
};

}  // namespace stapsh::client
