// SPDX-License-Identifier: Apache-2.0
#include "client/report/stack_tree.h"

#include <gtest/gtest.h>

namespace stapsh::client::report {
namespace {

TEST(StackTree, SharesBeginningsAndSortsByName) {
  Map map;
  map.keys = {"\n  c+1\n  main+1\n", "\n  b+9\n  main+7\n", "\n  d+1\n  b+1\n  main+1\n", "\n  c+2\n  main+1\n", ""};
  const StackTree tree = make_stack_tree(map);
  std::string shape;
  for (const StackTree::Node& node : tree.nodes)
    shape += std::string(node.depth, ' ') + tree.frames[node.frame].name + '\n';
  EXPECT_EQ(shape, "[no stack]\nmain\n b\n  d\n c\n");
  EXPECT_EQ(tree.leaves, (std::vector<std::uint32_t>{4, 2, 3, 4, 0}));
}

}  // namespace
}  // namespace stapsh::client::report
