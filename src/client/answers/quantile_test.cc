// SPDX-License-Identifier: Apache-2.0
#include "client/answers/quantile.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(Quantile, WithoutAPartTheOthersAreLeft) {
  const Histogram all{{{}, -1, 4}, {0, 9, 5}, {10, 19, 6}, {20, {}, 7}};
  EXPECT_EQ(without(all, {}), all);
  EXPECT_EQ(without(all, {{{}, -1, 4}, {10, 19, 2}, {20, {}, 7}}),
            (Histogram{{{}, -1, 0}, {0, 9, 5}, {10, 19, 4}, {20, {}, 0}}));
  EXPECT_EQ(quantile(without(all, {{10, 19, 6}, {20, {}, 7}}), 0.99)->max, 9);
  EXPECT_EQ(quantile(without(all, all), 0.5), nullptr);
}

}  // namespace
}  // namespace stapsh::client
