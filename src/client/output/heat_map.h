// SPDX-License-Identifier: Apache-2.0
// An answer by host: a heat map of a histogram (a row a host, a column a bucket), bars of numbers, a table of hosts and
// keys. Hosts that are alike share a row, so that 200 of them fit on a screen; who is unlike the others has its own.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/answers/answer.h"
#include "client/answers/unlike_hosts.h"

namespace stapsh::client {

struct HeatLook {
  std::size_t columns = 80;     ///< A line is never wider, where there are 40 at least.
  std::size_t lines_max = 40;   ///< For the whole map, where it has a screen's worth of keys at most.
  bool coloured = false;        ///< For a terminal of 256 colours; else a character is a shade.
  std::optional<unsigned> top;  ///< So many keys, the largest; none: 5.
};

/// Lines to stand below answer_lines(); none, where hosts can't be compared. `names` by target, safe to show. `unlike`:
/// unlike_hosts(answer).
std::vector<std::string> heat_map_lines(const Answer& answer, std::span<const std::string> names,
                                        std::span<const UnlikeHost> unlike, const HeatLook& look);

}  // namespace stapsh::client
