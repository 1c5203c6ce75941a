// SPDX-License-Identifier: Apache-2.0
#include "client/run/attached_probes.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

constexpr std::string_view kTwo = R"({"type": "attached_probes", "data": {"probes": 2}})"
                                  "\n";

TEST(AttachedProbes, AreToldOnceHoweverTheBytesAreSplit) {
  for (std::size_t at = 0; at <= kTwo.size(); ++at) {
    AttachedProbes probes;
    std::optional<unsigned> count = probes.on_output(kTwo.substr(0, at));
    if (!count) count = probes.on_output(kTwo.substr(at));
    EXPECT_EQ(count, 2U);
    EXPECT_EQ(probes.on_output(kTwo), std::nullopt);
  }
}

TEST(AttachedProbes, WhatElseIsSaidIsPassedOver) {
  AttachedProbes probes;
  EXPECT_EQ(probes.on_output("x\n{\"type\": \"printf\", \"data\": \"{\\\"type\\\": \\\"attached\"}\n"), std::nullopt);
  EXPECT_EQ(probes.on_output(std::string(kTwo) + "{}"), 2U);
  AttachedProbes endless;
  EXPECT_EQ(endless.on_output(std::string(70'000, 'x')), std::nullopt);
  EXPECT_EQ(endless.on_output(std::string(70'000, 'x') + "\n" + std::string(kTwo)), std::nullopt);
}

}  // namespace
}  // namespace stapsh::client
