// SPDX-License-Identifier: Apache-2.0
#include "client/options/run_rules.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(HaltRule, IsReachedByANumberOrAPartOfAllTargets) {
  struct Case {
    std::string_view rule;
    std::size_t failed, targets;
    bool want;
  };
  const Case cases[] = {
      {"now,fail=1", 0, 5, false},     {"now,fail=1", 1, 5, true},     {"now,fail=3", 2, 5, false},
      {"now,fail=3", 3, 5, true},      {"now,fail=9", 5, 5, false},    {"soon,fail=10%", 0, 40, false},
      {"soon,fail=10%", 3, 40, false}, {"soon,fail=10%", 4, 40, true}, {"soon,fail=1%", 1, 40, true},
      {"soon,fail=34%", 1, 3, false},  {"soon,fail=33%", 1, 3, true},  {"now,fail=100%", 4, 5, false},
      {"now,fail=100%", 5, 5, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.rule) + " " + std::to_string(c.failed) + " of " + std::to_string(c.targets));
    const Result<HaltRule> rule = parse_halt(c.rule);
    ASSERT_TRUE(rule);
    EXPECT_EQ(rule->text(), c.rule);
    EXPECT_EQ(rule->reached(c.failed, c.targets), c.want);
  }
}

TEST(HaltRule, RefusesEverythingElse) {
  for (const char* text : {"", "now", "now,", "later,fail=1", "now,fail=", "now,fail=0", "now,fail=0%", "now,fail=101%",
                           "now,fail=-1", "now,fail=1%%", "now,fail=1,", "now,success=1", "fail=1", "now,fail=1.5"}) {
    EXPECT_FALSE(parse_halt(text)) << text;
  }
}

TEST(CanaryRule, IsANumberAndATime) {
  EXPECT_EQ(parse_canary("2").value(), (CanaryRule{2, std::nullopt}));
  EXPECT_EQ(parse_canary("1,0.5").value(), (CanaryRule{1, std::chrono::milliseconds(500)}));
  for (const char* text : {"", "0", "x", "1,", "1,x", "1,0", "1,-1", ",1", "1,1,1", "10%"}) {
    EXPECT_FALSE(parse_canary(text)) << text;
  }
}

}  // namespace
}  // namespace stapsh::client
