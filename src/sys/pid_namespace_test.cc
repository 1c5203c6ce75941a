// SPDX-License-Identifier: Apache-2.0
#include "sys/pid_namespace.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/process_tree.h"

namespace stapsh::sys {
namespace {

TEST(PidNamespace, IsKnownByItsNumberAndItsInit) {
  const auto ours = pid_namespace();
  ASSERT_TRUE(ours);
  EXPECT_NE(ours->inode, 0U);
  if (ours->init_start != 0) {
    EXPECT_EQ(ours->init_start, process_start(1));
  }
  EXPECT_EQ(pid_namespace(), ours);
}

TEST(PidNamespace, WhatIsNotKnownMakesNoDifference) {
  EXPECT_TRUE(is_same({1, 5}, {1, 5}));
  EXPECT_TRUE(is_same({1, 5}, {1, 0}));
  EXPECT_TRUE(is_same({1, 0}, {1, 5}));
  EXPECT_FALSE(is_same({1, 5}, {1, 6}));
  EXPECT_FALSE(is_same({1, 5}, {2, 5}));
}

TEST(PidNamespace, OursIsNotGone) { EXPECT_FALSE(pid_namespace_is_gone(*pid_namespace())); }

TEST(InnermostPid, IsOursOfUs) {
  EXPECT_EQ(innermost_pid(::getpid()), ::getpid());
  EXPECT_EQ(innermost_pid(0), std::nullopt);
}

}  // namespace
}  // namespace stapsh::sys
