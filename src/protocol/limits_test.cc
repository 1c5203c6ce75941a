// SPDX-License-Identifier: Apache-2.0
#include "protocol/limits.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

TEST(Limits, AreNoSmallerThanTheReleasedAgents) {
  const Limits limits;
  EXPECT_GE(limits.line_bytes_max, 4'096u);
  EXPECT_GE(limits.file_bytes_max, 32'000'000u);
  EXPECT_GE(limits.args_max, 256u);
}

TEST(Limits, TheTableNamesEachOfThem) { EXPECT_EQ(sizeof(Limits), kLimitTable.size() * sizeof(std::uint64_t)); }

}  // namespace
}  // namespace stapsh
