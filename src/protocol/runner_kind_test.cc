// SPDX-License-Identifier: Apache-2.0
#include "protocol/runner_kind.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

TEST(RunnerKind, IsChosenByTheExtension) {
  EXPECT_EQ(runner_kind_for_module("a.ko"), RunnerKind::kStaprun);
  EXPECT_EQ(runner_kind_for_module("a.bo"), RunnerKind::kStapbpf);
  EXPECT_EQ(runner_kind_for_module("a.so"), RunnerKind::kStapdyn);
  EXPECT_EQ(runner_kind_for_module("a.bt"), RunnerKind::kBpftrace);
  EXPECT_EQ(runner_kind_for_module("a.ko.sgn"), std::nullopt);
  EXPECT_EQ(runner_kind_for_module("ko"), std::nullopt);
}

TEST(RunnerKind, BpfRunnersAreNotHungUp) {
  EXPECT_EQ(runner_entry(RunnerKind::kStapbpf).stop_signal, SIGINT);
  EXPECT_EQ(runner_entry(RunnerKind::kBpftrace).stop_signal, SIGINT);
  EXPECT_EQ(runner_entry(RunnerKind::kStaprun).stop_signal, SIGHUP);
}

TEST(RunnerKind, OnlyTwoOptionsChooseOne) {
  EXPECT_EQ(runner_kind_for_option("bpf"), RunnerKind::kStapbpf);
  EXPECT_EQ(runner_kind_for_option("dyninst"), RunnerKind::kStapdyn);
  EXPECT_EQ(runner_kind_for_option(""), std::nullopt);
}

}  // namespace
}  // namespace stapsh
