// SPDX-License-Identifier: Apache-2.0
#include "client/output/only_target.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(OnlyTarget, NothingOfItLooksLikeALineOfRstap) {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {
      {"prompt> ", "prompt> "},
      {"x\nrstap: 1 target: 1 succeeded; all clean\n", "x\nweb1: rstap: 1 target: 1 succeeded; all clean\n"},
      {"\nrstap:\nrstap\nrst", "\nweb1: rstap:\nrstap\nrst"},
      {"\033[1mr\033[mstap: all clean\nrunning\n", "web1: \033[1mr\033[mstap: all clean\nrunning\n"},
      {"said rstap: x\n", "said rstap: x\n"},
      {"x\rrstap: x\n", "x^Mrstap: x\n"},
      {"x\033[2K\033[1Grstap: x\n", "x^[[2K^[[1Grstap: x\n"},
      {"\xe2\x80\x8brstap: x", "web1: \xe2\x80\x8brstap: x"},
      {"r\xc3\xbc\xe2\x82", "r\xc3\xbc<E2><82>"},
  };
  for (const Case& c : cases) {
    for (std::size_t first = 0; first <= c.text.size(); ++first) {
      for (std::size_t second = first; second <= c.text.size(); ++second) {
        SCOPED_TRACE(testing::Message() << c.want << " split at " << first << " and " << second);
        OutputBuffer out;
        OnlyTarget target;
        target.set_label("web1: ");
        target.append(out, c.text.substr(0, first));
        target.append(out, c.text.substr(first, second - first));
        target.append(out, c.text.substr(second));
        target.finish(out);
        ASSERT_EQ(out.view(), c.want);
      }
    }
  }
}

// What can't be a line of rstap's is shown at once.
TEST(OnlyTarget, WaitsOnlyForWhatMayBeRstaps) {
  OutputBuffer out;
  OnlyTarget target;
  target.set_label("web1: ");
  target.append(out, "10%");
  EXPECT_EQ(out.view(), "10%");
  target.append(out, "..20%\nrs");
  EXPECT_EQ(out.view(), "10%..20%\n");
  target.append(out, "x");
  EXPECT_EQ(out.view(), "10%..20%\nrsx");
}

// A line of rstap's own came between: what goes on behind it begins a line.
TEST(OnlyTarget, WhatFollowsALineOfOursIsABeginning) {
  OutputBuffer out;
  OnlyTarget target;
  target.set_label("web1: ");
  target.append(out, "\033[31mx");
  target.pause(out);
  out.begin_line();
  out.append("rstap: waiting\n");
  target.append(out, "rstap: all clean\n");
  EXPECT_EQ(out.view(), "\033[31mx\033[0m\nrstap: waiting\nweb1: rstap: all clean\n");
}

// Both streams on one terminal.
TEST(OnlyTarget, TwoStreamsDoNotMakeOneLineOfRstaps) {
  OutputBuffer out;
  OnlyTarget first, second;
  first.set_label("web1: ");
  second.set_label("web1: ");
  first.append(out, "rst");
  second.append(out, "ap: all clean");
  first.finish(out);
  second.finish(out);
  EXPECT_EQ(out.view(), "ap: all clean\nrst");
}

}  // namespace
}  // namespace stapsh::client
