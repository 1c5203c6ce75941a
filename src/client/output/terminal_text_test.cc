// SPDX-License-Identifier: Apache-2.0
#include "client/output/terminal_text.h"

#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

struct Case {
  std::string_view text, want;
};

// Each as one target's output on a terminal; the end of it comes right behind.
const Case kCases[] = {
    {"", ""},
    {"plain\ttext\n", "plain\ttext\n"},
    {"naïve 漢字 🦊 👩‍👩‍👧\n", "naïve 漢字 🦊 👩‍👩‍👧\n"},
    // Carriage returns: before a newline they do nothing.
    {"dos\r\nx\ry\r\r\n\r", "dos\r\nx^My^M\r\n^M"},
    {"a\b\b\v\f\a\x7f"
     "b\n",
     "a^H^H^K^L^G^?b\n"},
    {std::string_view("a\0b", 3), "a^@b"},
    // Title, clipboard, a hyperlink, cursor movement, clearing, another character set, a device's answer, a reset.
    {"\033]0;title\007\033]52;c;ZXZpbA==\033\\", "^[]0;title^G^[]52;c;ZXZpbA==^[\\"},
    {"\033]8;;http://x\033\\y", "^[]8;;http://x^[\\y"},
    {"\033[2J\033[1;1H\033[?1049h\033(0\033[6n\033c\033[5", "^[[2J^[[1;1H^[[?1049h^[(0^[[6n^[c^[[5"},
    {"\033[>4;1m\033[0 m\033[m\033[!p", "^[[>4;1m^[[0 m\033[m^[[!p"},  // Not all that ends in m is a colour.
    // C1, in both spellings.
    {"\xc2\x9b"
     "2J \x9b"
     "2J \xc2\x85"
     "\x9d"
     "0;t\x9c",
     "<U+009B>2J <9B>2J <U+0085><9D>0;t<9C>"},
    // Direction of writing, separators.
    {"\xe2\x80\xae"
     "txt\xe2\x80\xac\xe2\x81\xa7\xe2\x80\x8f\xd8\x9c\xe2\x80\xa8",
     "<U+202E>txt<U+202C><U+2067><U+200F><U+061C><U+2028>"},
    // No UTF-8: alone, too long a spelling, halves, cut by the end or by a newline.
    {"\xff\xc0\xaf\xed\xa0\x80\xe2\x82\n\xf0\x9f\xa6", "<FF><C0><AF><ED><A0><80><E2><82>\n<F0><9F><A6>"},
    // Colours pass and end with their line.
    {"\033[1;31mred\033[0m x\n", "\033[1;31mred\033[0m x\n"},
    {"\033[31mred\nnot\n", "\033[31mred\033[0m\nnot\n"},
    {"\033[38;2;1;2;3mred\r\n\033[38:5:1mred", "\033[38;2;1;2;3mred\r\033[0m\n\033[38:5:1mred\033[0m"},
    {"\033[0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0mx",
     "^[[0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0mx"},
    {"\033\033[1mx\033[\n\033", "^[\033[1mx^[[\033[0m\n^["},
};

std::string taken(OutputBuffer& buffer) {
  std::string text(buffer.view());
  buffer.consume(text.size());
  return text;
}

TEST(TerminalText, SpellsWhatATerminalWouldObeyHoweverItIsSplit) {
  for (const Case& c : kCases) {
    for (std::size_t first = 0; first <= c.text.size(); ++first) {
      for (std::size_t second = first; second <= c.text.size(); ++second) {
        SCOPED_TRACE(testing::Message() << c.want << " split at " << first << " and " << second);
        OutputBuffer out;
        TerminalText text;
        text.append(out, c.text.substr(0, first));
        text.append(out, c.text.substr(first, second - first));
        text.append(out, c.text.substr(second));
        text.finish(out);
        ASSERT_EQ(taken(out), c.want);
      }
    }
  }
}

TEST(TerminalText, EveryByteAndEveryPairIsHarmless) {
  for (unsigned pair = 0; pair < 0x10000; ++pair) {
    const char bytes[2] = {static_cast<char>(pair >> 8), static_cast<char>(pair & 0xff)};
    OutputBuffer out;
    append_terminal_line(out, std::string_view(bytes, 2));
    const std::string got = taken(out);
    for (const char c : got) {
      const auto byte = static_cast<unsigned char>(c);
      // Two bytes make no colour; a carriage return may stand before the newline.
      ASSERT_TRUE(byte >= 0x20 || c == '\n' || c == '\t' || c == '\r') << pair;
      ASSERT_NE(byte, 0x7f);
    }
    const std::size_t at = got.find('\r');
    ASSERT_TRUE(at == std::string::npos || got[at + 1] == '\n') << pair;
    ASSERT_TRUE(got.ends_with('\n'));
  }
}

TEST(TerminalText, FindsWhatIsNotPlainAtEachPlace) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string plain(size, 'x');
    EXPECT_TRUE(is_plain(plain));
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string text = plain;
        text[at] = static_cast<char>(byte);
        const bool want = byte == '\n' || byte == '\t' || (byte >= 0x20 && byte < 0x7f);
        ASSERT_EQ(is_plain(text), want) << size << " " << at << " " << byte;
      }
    }
  }
}

TEST(TerminalText, SeesWhatAPersonSees) {
  struct Row {
    std::string_view bytes;
    std::optional<bool> want;
  };
  const Row rows[] = {
      {"", std::nullopt},
      {"r", std::nullopt},
      {"rstap", std::nullopt},
      {"rstap:", true},
      {"rstap: 1 target", true},
      {"rstaq", false},
      {" rstap:", false},
      {"\n", false},
      {"\033[1mr\033[0mstap: x", true},
      {"\xe2\x80\x8brs\xef\xbb\xbftap\xc2\xad:", true},
      {"\xe1\x85\xa0r\xcc\x81s\xe1\xa0\x8bt\xef\xbf\xb9"
       "ap\xe1\x9e\xb4:",
       true},
      {"\xe2\x80", std::nullopt},
      {"rst\033[1", std::nullopt},
      {"\rrstap:", false},
      {"^rstap:", false},
  };
  for (const Row& row : rows) EXPECT_EQ(looks_like(row.bytes, "rstap:"), row.want) << row.bytes;
  std::string unseen;
  while (unseen.size() < 2'000) unseen += "\033[m";
  EXPECT_EQ(looks_like(unseen, "rstap:"), true);
  EXPECT_EQ(seen_text("\033[1mw\033[meb1\xe2\x80\x8b: x", 6), "web1: ");
}

}  // namespace
}  // namespace stapsh::client
