// SPDX-License-Identifier: Apache-2.0
#include "client/cli/split_shell_words.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(SplitShellWords, AreSplitAsAShellDoes) {
  struct Case {
    std::string_view line;
    std::vector<std::string> want;
  };
  const Case cases[] = {
      {"", {}},
      {" \t\n ", {}},
      {"--label  --fanout=4\n", {"--label", "--fanout=4"}},
      {"--ssh-option 'ProxyJump gw'", {"--ssh-option", "ProxyJump gw"}},
      {R"(a"b c"d'e "f')", {R"(ab cde "f)"}},
      {R"('' "")", {"", ""}},
      {R"(a\ b \'c\" \\)", {"a b", "'c\"", "\\"}},
      {R"("a\"b\\c\$d\`e\f")", {R"(a"b\c$d`e\f)"}},
      {R"('a\b')", {R"(a\b)"}},
      {"a\\\nb \"c\\\nd\"", {"ab", "cd"}},
      {"$HOME `id` $(id) ~ * #x", {"$HOME", "`id`", "$(id)", "~", "*", "#x"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.line);
    const auto words = split_shell_words(c.line);
    ASSERT_TRUE(words) << words.error().what;
    EXPECT_EQ(*words, c.want);
  }
  EXPECT_EQ(split_shell_words("a 'b").error().what, "a ' without its end");
  EXPECT_EQ(split_shell_words("\"").error().what, "a \" without its end");
  EXPECT_EQ(split_shell_words("a\\").error().what, "a backslash at the end");
}

}  // namespace
}  // namespace stapsh::client
