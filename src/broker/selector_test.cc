// SPDX-License-Identifier: Apache-2.0
#include "broker/selector.h"

#include <gtest/gtest.h>

namespace stapsh::broker {
namespace {

TEST(Selector, AllConditionsHold) {
  const Labels labels{{"role", "db"}, {"dc", "fra"}, {"rack", ""}};
  struct Case {
    std::string_view text;
    bool want;
  };
  const Case cases[] = {
      {"", true},          {"role=db", true},   {"role==db", true},       {"role=web", false},
      {"role!=web", true}, {"role!=db", false}, {"zone=1", false},        {"zone!=1", true},
      {"role", true},      {"zone", false},     {"!zone", true},          {"!role", false},
      {"rack=", true},     {"rack!=", false},   {"role=db,dc=fra", true}, {"role=db,dc!=fra", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<Selector> selector = Selector::parse(c.text);
    ASSERT_TRUE(selector);
    EXPECT_EQ(selector->matches(labels), c.want);
    EXPECT_EQ(Selector::parse(selector->text())->matches(labels), c.want);
  }
}

TEST(Selector, WhatIsNoneIsNamed) {
  for (const std::string_view bad : {",", "role=db,", "=db", "!=db", "!", "a b", "role=d b", "role=a=b", "role=*"}) {
    const Result<Selector> selector = Selector::parse(bad);
    ASSERT_FALSE(selector) << bad;
    EXPECT_NE(selector.error().what.find("is no condition of labels: say NAME=VALUE"), std::string::npos);
  }
}

TEST(Selector, Labels) {
  EXPECT_EQ(parse_label("role=db"), (std::pair<std::string, std::string>("role", "db")));
  EXPECT_EQ(parse_label("role="), (std::pair<std::string, std::string>("role", "")));
  for (const std::string_view bad : {"", "role", "=db", "a b=c", "a=b=c"}) EXPECT_FALSE(parse_label(bad)) << bad;
}

}  // namespace
}  // namespace stapsh::broker
