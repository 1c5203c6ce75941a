// SPDX-License-Identifier: Apache-2.0
#include "link/link_options.h"

#include <gtest/gtest.h>

#include <vector>

namespace stapsh::link {
namespace {

using Words = std::vector<std::string_view>;

TEST(LinkOptions, AllOfThem) {
  EXPECT_EQ(parse_link_options({})->config, "/etc/stapsh/link.toml");
  const Result<LinkOptions> options = parse_link_options(Words{"--check-config", "--config", "a"});
  EXPECT_TRUE(options->check_config);
  EXPECT_EQ(options->config, "a");
  EXPECT_EQ(parse_link_options(Words{"--config=b"})->config, "b");
  EXPECT_TRUE(parse_link_options(Words{"-h"})->help);
  EXPECT_TRUE(parse_link_options(Words{"-V"})->version);
}

TEST(LinkOptions, WhatIsWrongIsNamed) {
  EXPECT_EQ(parse_link_options(Words{"--config"}).error().what, "--config needs a file");
  EXPECT_EQ(parse_link_options(Words{"--config="}).error().what, "--config needs a file");
  EXPECT_EQ(parse_link_options(Words{"-x"}).error().what, "'-x' is no option of stapsh-link; see stapsh-link --help");
}

}  // namespace
}  // namespace stapsh::link
