// SPDX-License-Identifier: Apache-2.0
#include "client/output/diverted_text.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

// On standard error "web02: " is how a line of another target begins.
TEST(DivertedText, OfSeveralTargetsEachLineIsLabelledWhateverItsSplit) {
  constexpr std::string_view kText = "web02: lie\nrstap: all clean\n\033[2Kx\r\xc3\xbc\nlast";
  for (const bool spells : {false, true}) {
    for (std::size_t split = 0; split <= kText.size(); ++split) {
      OutputBuffer out;
      DivertedText text;
      if (spells) text.spell();
      text.set_targets(2);
      text.append(out, kText.substr(0, split));
      text.append(out, kText.substr(split));
      text.finish(out);
      EXPECT_EQ(out.view(), std::string("stdout: web02: lie\nstdout: rstap: all clean\nstdout: ") +
                                (spells ? "^[[2Kx^M" : "\033[2Kx\r") + "\xc3\xbc\nstdout: last");
    }
  }
}

TEST(DivertedText, WhatGoesOnBehindALineOfOthersIsLabelledAgain) {
  OutputBuffer out;
  DivertedText text;
  text.spell();
  text.set_targets(2);
  text.append(out, "begun \xc3");
  out.begin_line();
  out.append("rstap: said\n");
  text.append(out, "web02: lie\n");
  EXPECT_EQ(out.view(), "stdout: begun \nrstap: said\nstdout: <C3>web02: lie\n");
}

TEST(DivertedText, OfTheOnlyTargetOnlyWhatLooksLikeRstap) {
  OutputBuffer out;
  DivertedText text;
  text.spell();
  text.set_targets(1);
  text.append(out, "a\nrstap: b\n");
  text.finish(out);
  EXPECT_EQ(out.view(), "a\nstdout: rstap: b\n");
}

}  // namespace
}  // namespace stapsh::client
