// SPDX-License-Identifier: Apache-2.0
// Stacks of a map's keys as one tree, so that 100,000 of them take few bytes in a page and no time to lay out there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "client/report/stack_key.h"

namespace stapsh::client::report {

struct StackTree {
  struct Node {
    std::uint32_t depth;  ///< 0 for outermost frames.
    std::uint32_t frame;  ///< Index into `frames`.
  };
  std::vector<Frame> frames;          ///< Each once.
  std::vector<Node> nodes;            ///< Parents before children; children in the order of their names.
  std::vector<std::uint32_t> leaves;  ///< By key: the node that its innermost frame is.
};

StackTree make_stack_tree(const Map& map);

}  // namespace stapsh::client::report
