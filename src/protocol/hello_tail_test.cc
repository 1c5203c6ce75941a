// SPDX-License-Identifier: Apache-2.0
#include "protocol/hello_tail.h"

#include <gtest/gtest.h>

#include <string>

namespace stapsh {
namespace {

TEST(HelloTail, IsFoundWhateverStandsBeforeIt) {
  struct Case {
    std::string_view bytes, want;
  };
  const Case cases[] = {
      {"", ""},
      {"stap 5.6\n", "stap 5.6\n"},
      {"stap 5.6\r\n", "stap 5.6\r\n"},
      {"option dastap 5.6\n", "stap 5.6\n"},
      {"stap stap 1.7\n", "stap 1.7\n"},
      {"stap 5.6", ""},
      {"stap 5.6\nx", ""},
      {"stap five\n", ""},
      {"stap \n", ""},
      {"run stap 5.6 x\n", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.bytes);
    EXPECT_EQ(hello_at_end(c.bytes), c.want);
  }
  EXPECT_EQ(hello_at_end(std::string(100'000, 'x') + "stap 5.6\n"), "stap 5.6\n");
  EXPECT_EQ(hello_at_end("stap " + std::string(300, '1') + "\n"), "");
}

}  // namespace
}  // namespace stapsh
