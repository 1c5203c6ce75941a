// SPDX-License-Identifier: Apache-2.0
#include "client/output/screen_starts.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(ScreenStarts, AreFoundHoweverTheBytesAreSplit) {
  struct Case {
    std::string_view name, in, want;  // '|': a new screen.
  };
  const Case cases[] = {
      {"none", "\033[31mred\033[0m\n", "\033[31mred\033[0m\n"},
      {"systemtap's", "\033[1;1H\033[Jx\n\033[1;1H\033[Jy\n", "|x\n|y\n"},
      {"a shell's", "x\n\033[H\033[2J\033[3Jy", "x\n|y"},
      {"all in another order", "\033[2J\033[H\033[0Jx", "|x"},
      {"one alone", "\033[2Jx\033[Hy\033cz\033[1;1fz", "|x|y|z|z"},
      {"what is below is no screen", "x\033[Jy\033[0J", "x\033[Jy\033[0J"},
      {"nor is another place", "\033[2;1H\033[1;1\033[12Jx\033[", "\033[2;1H\033[1;1\033[12Jx\033["},
      {"unfinished, then one", "\033\033[1\033[2Jx", "\033\033[1|x"},
  };
  for (const Case& c : cases) {
    for (std::size_t first = 0; first <= c.in.size(); ++first) {
      for (std::size_t second = first; second <= c.in.size(); ++second) {
        SCOPED_TRACE(testing::Message() << c.name << " split at " << first << " and " << second);
        ScreenStarts screens;
        std::string got;
        for (const std::string_view bytes :
             {c.in.substr(0, first), c.in.substr(first, second - first), c.in.substr(second)}) {
          if (screens.is_text(bytes)) {
            got += bytes;
            continue;
          }
          screens.add(bytes);
          while (const auto piece = screens.next()) got += piece->starts ? "|" : std::string(piece->text);
        }
        got += screens.finish();
        ASSERT_EQ(got, c.want);
      }
    }
  }
}

}  // namespace
}  // namespace stapsh::client
