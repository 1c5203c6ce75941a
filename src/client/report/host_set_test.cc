// SPDX-License-Identifier: Apache-2.0
#include "client/report/host_set.h"

#include <gtest/gtest.h>

#include <string>

namespace stapsh::client::report {
namespace {

HostSet set(std::vector<std::size_t> targets) {
  return std::make_shared<const std::vector<std::size_t>>(std::move(targets));
}

struct Moment {
  HostSet hosts;
};

TEST(HostSet, OnlyMomentsOfOneSetAreKept) {
  struct Case {
    std::string_view name;
    std::vector<std::vector<std::size_t>> sets;
    std::vector<std::size_t> kept;
    std::size_t left_out;
  };
  const Case cases[] = {
      {"one set", {{1, 2}, {1, 2}}, {1, 2}, 0},
      {"fewer", {{1}, {1, 2}, {1, 2}}, {1, 2}, 1},
      {"as many others", {{1, 2}, {1, 2}, {2, 3}, {2, 3}}, {1, 2}, 2},
      {"as many others, more often", {{1, 2}, {1, 2}, {2, 3}, {2, 3}, {2, 3}}, {2, 3}, 2},
      {"the fullest, but once", {{1, 2, 3}, {1, 2}, {1, 2}}, {1, 2}, 1},
      {"each once", {{1}, {1, 2}, {3}}, {1, 2}, 2},
      {"nobody", {{}, {}}, {}, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<Moment> moments;
    for (const auto& targets : c.sets) moments.push_back({set(targets)});
    EXPECT_EQ(keep_same_hosts(moments), c.left_out);
    ASSERT_FALSE(moments.empty());
    for (const Moment& moment : moments) EXPECT_EQ(*moment.hosts, c.kept);
  }
  std::vector<Moment> none;
  EXPECT_EQ(keep_same_hosts(none), 0U);
}

}  // namespace
}  // namespace stapsh::client::report
