// SPDX-License-Identifier: Apache-2.0
// Which hosts of an answer are not like the others, and in what. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "client/answers/answer.h"
#include "client/answers/deviation.h"

namespace stapsh::client {

struct UnlikeHost {
  std::size_t target = 0;
  std::optional<KeyIndex> key;  ///< None: the map as a whole.
  Deviation::What what = Deviation::What::kWhole;
  double distance = 0;  ///< As in Deviation.
  bool more = true;
  double own = 0, others = 0;  ///< kAmount and kShare: the host's, and the middle of the fleet.
};

/// The farthest first, each host once. Of a map with thousands of keys only the `keys_max` largest are looked at.
std::vector<UnlikeHost> unlike_hosts(const Answer& answer, std::size_t keys_max = 200);

}  // namespace stapsh::client
