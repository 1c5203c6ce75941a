// SPDX-License-Identifier: Apache-2.0
#include "client/run/resume.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(Resume, LeavesOutWhatIsDoneAndKeepsTheNamesOfTheRest) {
  TargetOptions options;
  options.remotes = {"web[1-3]", "stapsh:", "stapsh:", "exec:a\tb"};
  const auto list = list_targets(options);
  ASSERT_TRUE(list);
  std::vector<Target> targets = list->targets;
  const std::vector<std::string> finished{"web2", "stapsh#3", "exec:a\\x09b", "who is that"};
  EXPECT_EQ(leave_out(targets, finished), 3u);
  std::string left;
  for (const Target& target : targets) left += std::to_string(target.index) + ":" + target.name + " ";
  EXPECT_EQ(left, "0:web1 1:web3 2:stapsh#4 ");
  EXPECT_EQ(leave_out(targets, {}), 0u);
}

}  // namespace
}  // namespace stapsh::client
