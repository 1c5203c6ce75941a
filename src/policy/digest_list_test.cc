// SPDX-License-Identifier: Apache-2.0
#include "policy/digest_list.h"

#include <gtest/gtest.h>

namespace stapsh::policy {
namespace {

const std::string kA(64, 'a');
const std::string kB(64, 'b');

TEST(DigestList, ReadsWhatSha256sumPrints) {
  const Result<Digests> digests =
      parse_digest_list("# Reviewed in May.\n\n" + kA + "  opens.bt\n" + std::string(64, 'B') + " *x.ko\n\\" +
                        std::string(64, '0') + "  odd\\nname\n");
  ASSERT_TRUE(digests) << digests.error().what;
  EXPECT_EQ(*digests, (Digests{kA, kB, std::string(64, '0')}));
  EXPECT_TRUE(parse_digest_list("")->empty());
}

TEST(DigestList, RefusesEverythingElse) {
  struct Case {
    std::string text, want;
  };
  const Case cases[] = {
      {kA + "\n", "line 1, column 65: behind the digits stand two blanks, or a blank and '*', and a name"},
      {kA + "  \n", "line 1, column 65: behind the digits stand two blanks, or a blank and '*', and a name"},
      {kA + "\tx\n", "line 1, column 65: behind the digits stand two blanks, or a blank and '*', and a name"},
      {kA + "a  x\n", "line 1, column 65: a line of sha256sum begins with 64 hexadecimal digits"},
      {kA + "  x\n" + kA.substr(1) + "  x\n",
       "line 2, column 64: a line of sha256sum begins with 64 hexadecimal digits"},
      {"SHA256 (x) = " + kA + "\n", "line 1, column 1: a line of sha256sum begins with 64 hexadecimal digits"},
      {kA + "  x", "line 1, column 68: the file ends within a line; end it with a newline"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<Digests> digests = parse_digest_list(c.text);
    ASSERT_FALSE(digests);
    EXPECT_EQ(digests.error().what, c.want);
  }
}

}  // namespace
}  // namespace stapsh::policy
