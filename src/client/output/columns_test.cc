// SPDX-License-Identifier: Apache-2.0
#include "client/output/columns.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

TEST(FitColumns, CutsWhereTheTerminalWould) {
  struct Case {
    std::string_view text;
    std::size_t columns;
    std::string_view want;
  };
  const Case cases[] = {
      {"", 10, ""},
      {"web01", 10, "web01"},
      {"web01", 5, "web01"},
      {"web01", 4, "web0"},
      {"web01", 0, ""},
      {"naïve", 5, "naïve"},
      {"naïve", 3, "naï"},
      {"一二三", 6, "一二三"},
      {"一二三", 5, "一二"},
      {"e\xcc\x81x", 1, "e\xcc\x81"},  // An accent of its own takes no room.
      {"a\tb\x1b[2Jc\r", 20, "a?b?[2Jc?"},
      {std::string_view("a\0b", 3), 20, "a?b"},
      {"\xff\xc3", 20, "??"},
      {"\xe2\x80\xaetxt\xe2\x80\xa8", 20, "?txt?"},  // It would turn the direction of writing around.
      {"\xc2\x9b", 20, "?"},                         // A control sequence's beginning, as one character.
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.text) + " in " + std::to_string(c.columns));
    EXPECT_EQ(fit_columns(c.text, c.columns), c.want);
  }
}

}  // namespace
}  // namespace stapsh::client
