// SPDX-License-Identifier: Apache-2.0
// Both sessions over a faulty link, some thousand seeds. A failure prints its seed: `sim_test --seed=N`.
#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <vector>

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

// Some sessions over a broker, that share the credit of their relay; each has a host of its own. Who is quick and who
// waits changes with every step, and one that stands still must not hold up the others.
std::string run_over_a_broker(std::uint64_t seed, bool tell) {
  Random random(seed);
  const std::size_t count = random.between(1, 4);
  const std::uint64_t pool_bytes = std::uint64_t{4'096} << random.below(8);
  broker::CreditPool relays(pool_bytes, count);
  std::deque<broker::CreditPool> links;
  std::deque<World> worlds;
  for (std::size_t i = 0; i < count; ++i) {
    worlds.emplace_back(seed * 4 + i, relays, links.emplace_back(std::uint64_t{1} << random.between(12, 20), 1));
  }
  std::vector<std::size_t> going_on;
  for (std::size_t i = 0; i < count; ++i) going_on.push_back(i);
  std::string breach;
  while (!going_on.empty() && breach.empty()) {
    const std::size_t index = random.below(going_on.size());
    World& world = worlds[going_on[index]];
    if (const std::optional<std::string> end = world.advance()) {
      going_on.erase(going_on.begin() + static_cast<std::ptrdiff_t>(index));
      breach = end->empty() ? "" : *end + "\n" + world.story();
    }
    std::uint64_t outstanding = 0;
    for (const World& each : worlds) outstanding += each.path().outstanding();
    // Whoever begins has its base, also when others have borrowed all the rest.
    const std::uint64_t bound = pool_bytes + count * relays.base();
    if (relays.outstanding() != outstanding) breach += "the pool does not know what its sessions have";
    if (outstanding > bound) breach += "the pool gave " + std::to_string(outstanding) + " of " + std::to_string(bound);
  }
  if (breach.empty() && relays.outstanding() != 0) breach = "credit is left over";
  for (const broker::CreditPool& link : links) {
    if (breach.empty() && link.outstanding() != 0) breach = "a link has credit left over";
  }
  for (const World& world : worlds) {
    if (tell) std::fputs(world.story().c_str(), stdout);
  }
  return breach;
}

class SimulationOverABroker : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulationOverABroker, EverySeedKeepsTheRules) {
  for (std::uint64_t i = GetParam(); i < g_seeds / 4 + (g_seeds == 1); i += 4) {
    const std::uint64_t seed = g_first_seed + i;
    ASSERT_EQ(run_over_a_broker(seed, g_seeds == 1), "") << "replay with: sim_test --seed=" << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Part, SimulationOverABroker, testing::Range<std::uint64_t>(0, 4));

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
