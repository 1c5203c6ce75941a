// SPDX-License-Identifier: Apache-2.0
#include "client/answers/systemtap_blocks.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "client/answers/answer_book.h"
#include "client/answers/value_shown.h"

namespace stapsh::client {
namespace {

class ShownTaker : public SystemtapTaker {
 public:
  void on_text(std::string_view bytes) override { text += bytes; }
  void on_histogram(const std::string& name, const SystemtapHistogram& histogram) override {
    text += "<" + name + " " + std::string(kind_name(histogram.kind)) + " " + shown(histogram.histogram) + ">\n";
  }
  void on_tapset_print(const TapsetPrint& print) override { text += "<print of " + print.name + ">\n"; }
  void on_tapset_problem(const std::string& problem) override { text += "<" + problem + ">\n"; }
  std::string text;
};

std::string read(std::string_view bytes) {
  ShownTaker taker;
  SystemtapBlocks blocks;
  blocks.on_bytes(bytes, taker);
  blocks.on_end(taker);
  return taker.text;
}

constexpr std::string_view kHeader = "value |-------------------------------------------------- count\n";

std::string block(std::string_view rows) { return std::string(kHeader) + std::string(rows) + "\n"; }

std::string sample() {
  std::ifstream file(STAPSH_ANSWER_SAMPLES "/histograms.stap48");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SystemtapBlocks, ReadsAllThatSystemtapPrinted) {
  const std::string text = read(sample());
  // Of 100 numbers from 0, -3 and 100,000, and so on: tests/answers/samples/histograms.stp.
  EXPECT_NE(
      text.find(
          "started\nhist:\n<hist: hist {-3..-2:1 0..0:1 1..1:1 2..3:2 4..7:4 8..15:8 16..31:16 32..63:32 64..127:36 "
          "65536..131071:1}>\n<hist: (2) lhist {..-1:1 0..9:10 10..19:10 20..29:10 30..39:10 40..49:10 "
          "50..59:12 60..:42}>\nk=0\n<k=0 hist {0..0:1 4..7:1 "),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find("{-9223372036854775807..-4611686018427387904:1 1..1:1 4611686018427387904..9223372036854775807:1}"),
      std::string::npos)
      << text;
  // systemtap cut the width of these to 32 bits: nobody knows it.
  EXPECT_NE(text.find("          >0 |@@@@"), std::string::npos) << text;
  // Not in a line of its own: text, with all its rows.
  EXPECT_NE(text.find("text no end| value |---"), std::string::npos) << text;
  EXPECT_NE(text.find("<big (2) hist {-4095..-2048:14 "), std::string::npos) << text;
}

TEST(SystemtapBlocks, AnySplitGivesTheSame) {
  const std::string bytes = sample();
  const std::string want = read(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += cut < 1'500 ? 1 : 37) {
    ShownTaker taker;
    SystemtapBlocks blocks;
    blocks.on_bytes(std::string_view(bytes).substr(0, cut), taker);
    blocks.on_bytes(std::string_view(bytes).substr(cut), taker);
    blocks.on_end(taker);
    ASSERT_EQ(taker.text, want) << cut;
  }
  ShownTaker taker;
  SystemtapBlocks blocks;
  for (const char c : bytes) blocks.on_bytes({&c, 1}, taker);
  blocks.on_end(taker);
  EXPECT_EQ(taker.text, want);
}

TEST(SystemtapBlocks, WhatIsNoHistogramPassesUnchanged) {
  const std::string cases[] = {
      "",
      "\n",
      "text\nwithout end",
      "value",
      "  value |",
      "value | count\n",
      std::string(kHeader),
      std::string(kHeader) + "    0 |@   1\n",
      std::string(kHeader) + "    0 |@   1\nnot a row\n\n",
      block(""),
      block("    0 |@   1\n"),
      block("    0 |@   x\n    1 |   0\n"),
      block("    0 |@   1\n    7 |   1\n    9 |   0\n"),
      block("    5 |@   1\n    4 |   1\n"),
      block("    8 |@   1\n      ~\n    4 |@   1\n    8 |    0\n   16 |    0\n"),
      std::string(kHeader) + std::string(kHeader),
      "value |--- count extra\n",
      "    0 |@   1\n\n",
      std::string(10'000, ' ') + "\n" + std::string(10'000, ' '),
      "value |" + std::string(10'000, '-') + " count\n\n",
  };
  for (const std::string& text : cases) EXPECT_EQ(read(text), text);
}

TEST(SystemtapBlocks, TextThatCantBelongToAHistogramIsNotHeld) {
  ShownTaker taker;
  SystemtapBlocks blocks;
  blocks.on_bytes("Password: ", taker);
  EXPECT_EQ(taker.text, "Password: ");
  blocks.on_bytes("yes\n  val", taker);
  EXPECT_EQ(taker.text, "Password: yes\n");
  blocks.on_bytes("id", taker);
  EXPECT_EQ(taker.text, "Password: yes\n  valid");
}

TEST(SystemtapBlocks, TellsLogarithmicFromLinear) {
  EXPECT_EQ(read(block("    0 |@  1\n    1 |   0\n    2 |   0\n")), "<histogram hist {0..0:1}>\n");
  EXPECT_EQ(read(block("    0 |   0\n    1 |   0\n    2 |@  3\n")), "<histogram lhist {2..2:3}>\n");
  EXPECT_EQ(read(block("    0 |   0\n    1 |   0\n    2 |@  3\n    4 |   0\n    8 |   0\n")),
            "<histogram hist {2..3:3}>\n");
  EXPECT_EQ(read(block("    0 |   0\n    1 |   0\n    2 |@  3\n    3 |   0\n    4 |   0\n")),
            "<histogram lhist {2..2:3}>\n");
  EXPECT_EQ(
      read("a\n\n" + block("   <0 |@  1\n    0 |   0\n    5 |   0\n      ~\n   20 |   0\n   25 |@  2\n  >25 |@  7\n")),
      "a\n\n<a lhist {..-1:1 25..29:2 30..:7}>\n");
}

TEST(SystemtapBook, SumsBlocksOfTheSameName) {
  AnswerBook book(AnswerBook::Systemtap{}, 2);
  const std::string one = "k=1\n" + block("    0 |@  1\n    1 |   0\n    2 |   0\n"),
                    two = "k=2\n" + block("    0 |@  2\n    1 |   0\n    2 |   0\n");
  book.on_output(0, one + two, WallTime(1));
  book.on_output(1, two + "end", WallTime(2));
  book.on_ended(0, "", WallTime(3));
  book.on_ended(1, "", WallTime(4));
  std::string all;
  while (const std::optional<AnswerItem> item = book.next()) {
    if (const auto* text = std::get_if<AnswerText>(&*item)) all += std::to_string(text->target) + ":" + text->bytes;
    if (const auto* answer = std::get_if<Answer>(&*item)) {
      all += answer->map + " " + shown(answer->sums.at(0)) + " " + std::to_string(answer->missing.size()) + ";";
    }
  }
  EXPECT_EQ(all, "0:k=1\nk=2\n1:k=2\nendk=1 {0..0:1} 1;k=2 {0..0:4} 0;");
}

}  // namespace
}  // namespace stapsh::client
