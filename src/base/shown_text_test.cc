// SPDX-License-Identifier: Apache-2.0
#include "base/shown_text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace stapsh {
namespace {

TEST(ShownText, SpellsWhatWouldBeObeyed) {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {
      {"", ""},
      {"plain text, naïve, 漢字, 🦊", "plain text, naïve, 漢字, 🦊"},
      {"a\r\nb\tc\b", "a^M^Jb^Ic^H"},
      {std::string_view("\0\x7f\x1b]0;t\x07", 8), "^@^?^[]0;t^G"},
      {"\xc2\x9b"
       "31m \x9b"
       "31m",
       "<U+009B>31m <9B>31m"},
      {"\xe2\x80\xae"
       "gpj.exe",
       "<U+202E>gpj.exe"},
      {"\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xa8\xe2\x80\xa9\xe2\x81\xa6\xe2\x81\xa9",
       "<U+061C><U+200E><U+200F><U+2028><U+2029><U+2066><U+2069>"},
      {"\xc0\x8a \xed\xa0\x80 \xf4\x90\x80\x80", "<C0><8A> <ED><A0><80> <F4><90><80><80>"},
      {"\xe2\x82", "<E2><82>"},
  };
  for (const Case& c : cases) EXPECT_EQ(shown_text(c.text), c.want);
}

TEST(ShownText, LinesAndTabsMayStay) {
  EXPECT_EQ(shown_lines("a\tb\n\033[2J\r\n"), "a\tb\n^[[2J^M\n");
  EXPECT_EQ(shown_lines(""), "");
}

TEST(ShownText, IsCutBetweenCharacters) {
  EXPECT_EQ(shown_text("abc", 3), "abc");
  EXPECT_EQ(shown_text("abcd", 3), "abc...");
  EXPECT_EQ(shown_text("ab\xc3\xbc", 3), "ab...");
  EXPECT_EQ(shown_text("ab\033", 3), "ab...");
}

TEST(WholeCharacters, NeverCutsWithinOne) {
  const std::string_view text = "aü漢🦊b";  // 1, 2, 3, 4, 1 bytes.
  const std::size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t max = 0; max < std::size(want); ++max)
    EXPECT_EQ(whole_characters(text, max).size(), want[max]) << max;
  EXPECT_EQ(whole_characters("\xbf\xbf\xbf\xbf", 2), "\xbf\xbf");
  EXPECT_EQ(whole_characters("a\xe2\x82", 2), "a");  // What follows may complete it.
  EXPECT_EQ(whole_characters("a\xe2z", 2), "a\xe2");
}

// Every spelling of every character is read as that character, and nothing else is one.
TEST(FirstCharacter, KnowsAllCodePoints) {
  for (char32_t code = 0x80; code <= 0x10ffff; ++code) {
    std::string text;
    const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
    if (code < 0x800) {
      text = {static_cast<char>(0xc0 | (code >> 6)), tail(0)};
    } else if (code < 0x10000) {
      text = {static_cast<char>(0xe0 | (code >> 12)), tail(6), tail(0)};
    } else {
      text = {static_cast<char>(0xf0 | (code >> 18)), tail(12), tail(6), tail(0)};
    }
    const Utf8Character got = first_character(text);
    if (code >= 0xd800 && code <= 0xdfff) {
      ASSERT_EQ(got.kind, Utf8Character::Kind::kBroken) << std::hex << static_cast<unsigned>(code);
      continue;
    }
    ASSERT_EQ(got.kind, Utf8Character::Kind::kWhole) << std::hex << static_cast<unsigned>(code);
    ASSERT_EQ(got.code, code);
    ASSERT_EQ(got.bytes, text.size());
    for (std::size_t size = 1; size < text.size(); ++size) {
      ASSERT_EQ(first_character(std::string_view(text).substr(0, size)).kind, Utf8Character::Kind::kUnfinished);
    }
  }
}

TEST(ShownText, SpellsTheFirstCharacterThatWouldBeObeyed) {
  EXPECT_EQ(spelled_control(""), "");
  EXPECT_EQ(spelled_control("web1 \xc3\xa9 \xff"), "");
  EXPECT_EQ(spelled_control("a\x1b\n"), "^[");
  EXPECT_EQ(spelled_control("\xc3\xa9\xc2\x80"), "<U+0080>");
}

}  // namespace
}  // namespace stapsh
