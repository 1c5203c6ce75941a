// SPDX-License-Identifier: Apache-2.0
#include "agent/hello_search.h"

#include <gtest/gtest.h>

namespace stapsh::agent {
namespace {

TEST(HelloSearch, FindsTheClientBehindWhatIsStale) {
  struct Case {
    std::string_view name, bytes, want;
  };
  const Case cases[] = {
      {"nothing", "", "-"},
      {"a hello", "stap 4.8\n", "stap 4.8\n"},
      {"with a carriage return", "stap 4.8\r\n", "stap 4.8\r\n"},
      {"half a hello", "stap 4.", "-"},
      {"the last client's words", "ping\nquit\n", "-"},
      {"and then a hello", "ping\nquit\nstap 5.6\n", "stap 5.6\n"},
      {"a line cut short", "quistap 5.6\n", "stap 5.6\n"},
      {"two that said hello: the first one is gone", "stap 1.7\nstap 5.6\n", "stap 5.6\n"},
      {"the tail of a module",
       "\x7f"
       "ELF stap stap x\nstap 5.6\n",
       "stap 5.6\n"},
      {"one that does not wait", "stap 5.6\nfile 4 a.bt\nx\n\n\nrun\n", "stap 5.6\nfile 4 a.bt\nx\n\n\nrun\n"},
      {"not a version", "stap -p4\n", "-"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    HelloSearch search;
    search.add(c.bytes);
    EXPECT_EQ(search.take().value_or("-"), c.want);
  }
}

TEST(HelloSearch, TakesAnySplitAndForgetsAfterwards) {
  HelloSearch search;
  for (const char c : std::string_view("junk\nstap 5.")) {
    search.add({&c, 1});
    EXPECT_FALSE(search.take());
  }
  search.add("6\n");
  EXPECT_EQ(search.take(), "stap 5.6\n");
  EXPECT_FALSE(search.take());
  search.add("stap 4");
  search.clear();
  search.add(".8\n");
  EXPECT_FALSE(search.take());
}

TEST(HelloSearch, DoesNotGrowOnNonsense) {
  HelloSearch search;
  for (int i = 0; i < 1'000; ++i) {
    search.add(std::string(1'000, 'x'));
    EXPECT_FALSE(search.take());
  }
  search.add("stap 5.6\n");
  EXPECT_EQ(search.take(), "stap 5.6\n");
}

}  // namespace
}  // namespace stapsh::agent
