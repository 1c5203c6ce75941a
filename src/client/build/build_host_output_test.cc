// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_host_output.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

constexpr std::string_view kMark = "rstap-build-x /tmp/rstap-build-x/b\n";

std::string text_of(BuildHostOutput output, std::string_view name) {
  const std::string* const part = output.part(std::string(name));
  return part == nullptr ? "none" : *part;
}

TEST(BuildHostOutput, IsTheSameInAnySplitInThree) {
  const std::string all = "Welcome!\n" + std::string(kMark) + "code 0\nout 7\nm_1.ko\nerrors 0\nmodule 5\n" +
                          std::string("\0\nend", 5) + "end 0\n";
  for (std::size_t first = 0; first <= all.size(); ++first) {
    for (std::size_t second = first; second <= all.size(); ++second) {
      BuildHostOutput output("rstap-build-x");
      const std::string_view view = all;
      output.add(view.substr(0, first));
      output.add(view.substr(first, second - first));
      output.add(view.substr(second));
      ASSERT_TRUE(output.complete()) << first << " " << second;
      EXPECT_EQ(output.exit_code(), 0);
      EXPECT_EQ(output.folder(), "/tmp/rstap-build-x/b");
      EXPECT_EQ(text_of(output, "out"), "m_1.ko\n");
      EXPECT_EQ(text_of(output, "errors"), "");
      EXPECT_EQ(text_of(output, "module"), std::string("\0\nend", 5));
      EXPECT_EQ(text_of(output, "signature"), "none");
    }
  }
}

TEST(BuildHostOutput, WhatIsCutOffOrMakesNoSenseIsNotComplete) {
  struct Case {
    std::string_view said;
    bool ready, ended;
  };
  const Case cases[] = {
      {"", false, false},
      {"rstap-build-y /tmp/rstap-build-y/b\n", false, false},
      {"rstap-build-x /tmp/rstap-build-x/b\n", true, false},
      {"rstap-build-x /tmp/rstap-build-x/b\ncode 0\nout 10\nend 0\n", true, false},
      {"rstap-build-x /tmp/rstap-build-x/b\nend 0\n", true, true},
      {"rstap-build-x /tmp/rstap-build-x/b\ncode 1000\n", true, true},
      {"rstap-build-x /tmp/rstap-build-x/b\ncode 0\nout -1\n", true, true},
      {"rstap-build-x /tmp/rstap-build-x/b\ncode 0\nout 999999999999\n", true, true},
      {"rstap-build-x /tmp/rstap-build-x/b\ncode 0\nout 0\nout 0\n", true, true},
      {"rstap-build-x /tmp/rstap-build-x/b\ncode 0\nother 0\nend 0\n", true, true},
      {"rstap-build-x /tmp/rstap-build-x/b\n\n", true, true},
      {"rstap-build-x \n", false, true},
      {"rstap-build-x /\n", false, true},
      {"rstap-build-x tmp/rstap-build-x/b\n", false, true},
      {"rstap-build-x /tmp/rstap-build-x\n", false, true},
      {"rstap-build-x /tmp/rstap-build-y/b\ncode 0\nend 0\n", false, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.said);
    BuildHostOutput output("rstap-build-x");
    output.add(c.said);
    EXPECT_EQ(output.ready(), c.ready);
    EXPECT_EQ(output.ended(), c.ended);
    EXPECT_FALSE(output.complete());
  }
}

TEST(BuildHostOutput, OfErrorsAMebibyteIsKept) {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20;
  const std::string_view cut = "\n[cut here: stap says more than 1 MiB]\n";
  for (const std::size_t size : {kMebibyte, kMebibyte + 1, 3 * kMebibyte}) {
    BuildHostOutput output("rstap-build-x");
    output.add(std::string(kMark) + "code 1\nerrors " + std::to_string(size) + "\n");
    const std::string piece(1'000, 'e');
    for (std::size_t left = size; left > 0; left -= std::min(left, piece.size())) {
      output.add(std::string_view(piece).substr(0, left));
    }
    output.add("out 3\noutend 0\n");
    EXPECT_TRUE(output.complete());
    EXPECT_EQ(text_of(output, "errors").size(), kMebibyte + (size > kMebibyte ? cut.size() : 0));
    EXPECT_EQ(text_of(output, "errors").ends_with(cut), size > kMebibyte);
    EXPECT_EQ(text_of(output, "out"), "out");
  }
}

}  // namespace
}  // namespace stapsh::client
