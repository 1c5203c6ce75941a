// SPDX-License-Identifier: Apache-2.0
// Both sessions over a faulty link, some thousand seeds. A failure prints its seed: `sim_test --seed=N`.
#include <gtest/gtest.h>

#include <cstdio>

#include "base/parse_int.h"
#include "world.h"

namespace stapsh::sim {
namespace {

std::uint64_t g_first_seed = 1;
std::uint64_t g_seeds = 20'000;

// In parts, so that ctest runs them side by side.
class Simulation : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, EverySeedKeepsTheRules) {
  for (std::uint64_t i = GetParam(); i < g_seeds; i += 4) {
    const std::uint64_t seed = g_first_seed + i;
    World world(seed);
    const std::string breach = world.run();
    ASSERT_EQ(breach, "") << "replay with: sim_test --seed=" << seed << "\n" << world.story();
    if (g_seeds == 1) std::fputs(world.story().c_str(), stdout);
  }
}

INSTANTIATE_TEST_SUITE_P(Part, Simulation, testing::Range<std::uint64_t>(0, 4));

TEST(Simulation, ASeedTellsTheSameStoryTwice) {
  for (const std::uint64_t seed : {1U, 7U, 42U}) {
    World one(seed);
    World two(seed);
    EXPECT_EQ(one.run(), two.run());
    EXPECT_EQ(one.story(), two.story());
  }
}

}  // namespace
}  // namespace stapsh::sim

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool one = word.starts_with("--seed="), first = word.starts_with("--from=");
    if (!one && !first && !word.starts_with("--seeds=")) continue;
    const auto number = stapsh::parse_int<std::uint64_t>(word.substr(word.find('=') + 1), 0, UINT64_MAX / 2);
    if (!number) {
      std::fprintf(stderr, "%s\n", number.error().what.c_str());
      return 2;
    }
    if (one || first) stapsh::sim::g_first_seed = *number;
    if (!first) stapsh::sim::g_seeds = one ? 1 : *number;
  }
  return RUN_ALL_TESTS();
}
