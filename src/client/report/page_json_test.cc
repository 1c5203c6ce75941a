// SPDX-License-Identifier: Apache-2.0
#include "client/report/page_json.h"

#include <gtest/gtest.h>

namespace stapsh::client::report {
namespace {

std::string text(std::string_view of, std::size_t bytes_max = std::string_view::npos) {
  std::string json;
  append_page_text(json, of, bytes_max);
  return json;
}

TEST(PageJson, NoTextIsMarkup) {
  EXPECT_EQ(text("</script><!-- & -->"), R"("\u003c/script\u003e\u003c!-- \u0026 --\u003e")");
  for (int byte = 0; byte < 256; ++byte) {
    for (const char other : {'a', '<', '\xff', '\0'}) {
      const std::string json = text(std::string{static_cast<char>(byte), other});
      EXPECT_EQ(json.find_first_of("<>&"), std::string::npos) << byte;
      EXPECT_EQ(json.find('\0'), std::string::npos) << byte;
    }
  }
}

TEST(PageJson, WhatIsNoTextIsSpelled) {
  EXPECT_EQ(text(std::string_view("a\0b\x1b\x7f", 5)), R"("a^@b^[^?")");
  EXPECT_EQ(text("\xff\xc0\xaf"), R"("\u003cFF\u003e\u003cC0\u003e\u003cAF\u003e")");
  // NOLINTNEXTLINE(misc-misleading-bidirectional): it is what must not get through.
  EXPECT_EQ(text("\xe2\x80\xa8\xe2\x80\xae"), R"("\u003cU+2028\u003e\u003cU+202E\u003e")");
  EXPECT_EQ(text("a\n\tb\r"), R"("a\n\tb^M")");
  EXPECT_EQ(text("\"\\ü€😀"), R"("\"\\ü€😀")");
}

TEST(PageJson, LongTextsAreCutBetweenCharacters) {
  EXPECT_EQ(text("aüb", 2), "\"a… (4 bytes)\"");
  EXPECT_EQ(text("aüb", 3), "\"aü… (4 bytes)\"");
  EXPECT_EQ(text("aüb", 4), "\"aüb\"");
}

TEST(PageJson, NumbersAreExact) {
  const auto number = [](Number n) {
    std::string json;
    append_page_number(json, n);
    return json;
  };
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-9'007'199'254'740'992), "-9007199254740992");
  EXPECT_EQ(number(9'007'199'254'740'993), R"({"n":"9007199254740993"})");
  EXPECT_EQ(number(-(Number{1} << 100)), R"({"n":"-1267650600228229401496703205376"})");
}

TEST(PageJson, Seconds) {
  const auto seconds = [](std::int64_t nanoseconds) {
    std::string json;
    append_page_seconds(json, WallTime(nanoseconds));
    return json;
  };
  EXPECT_EQ(seconds(0), "0");
  EXPECT_EQ(seconds(1'500'000'000), "1.5");
  EXPECT_EQ(seconds(-1'000'001'000), "-1.000001");
  EXPECT_EQ(seconds(999), "0");
}

}  // namespace
}  // namespace stapsh::client::report
