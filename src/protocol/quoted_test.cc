// SPDX-License-Identifier: Apache-2.0
#include "protocol/quoted.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

TEST(Quoted, IsSpelledAsReleasedClientsSpellIt) {
  // From a recorded session of stap 4.8.
  EXPECT_EQ(quote("/tmp/out =file"), "/tmp/out=20=3dfile");
  EXPECT_EQ(quote(R"(echo a=b "c d" %)"), R"(echo=20a=3db=20"c=20d"=20%)");
  EXPECT_EQ(quote("\n\xff"), "=0a=ff");
}

TEST(Quoted, EveryByteComesBack) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string word = quote(all);
  for (const char c : word) EXPECT_TRUE(c >= 33 && c <= 126);
  EXPECT_EQ(*unquote(word), all);
}

TEST(Quoted, NoArgumentHoldsANul) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(unquote("=00"));
  EXPECT_FALSE(unquote("a\0b"sv));
}

TEST(Quoted, TakesBothCasesAndRefusesWhatIsNotHex) {
  EXPECT_EQ(*unquote("=3D=3d"), "==");
  for (const std::string_view word : {"=", "=3", "a=+5", "=0x", "=zz", "a=00b"}) {
    SCOPED_TRACE(word);
    EXPECT_FALSE(unquote(word));
  }
}

}  // namespace
}  // namespace stapsh
