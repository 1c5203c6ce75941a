// SPDX-License-Identifier: Apache-2.0
#include "client/answers/tapset_prints.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "client/answers/answer_book.h"
#include "client/answers/systemtap_blocks.h"
#include "client/answers/tapset_line.h"
#include "client/answers/value_shown.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kTapsetHeader = "value |-------------------------------------------------- count\n";

class TapsetTaker : public SystemtapTaker {
 public:
  void on_text(std::string_view bytes) override { text += bytes; }
  void on_histogram(const std::string& name, const SystemtapHistogram& histogram) override {
    text += "<block " + name + " " + shown(histogram.histogram) + ">\n";
  }
  void on_tapset_print(const TapsetPrint& print) override {
    text += "<" + std::string(kind_name(print.kind)) + " " + print.name;
    for (const auto& [key, value] : print.rows) text += (print.keyed ? " [" + key + "]=" : " ") + shown(value);
    text += ">\n";
  }
  void on_tapset_problem(const std::string& problem) override { text += "<! " + problem + ">\n"; }
  std::string text;
};

std::string read(std::string_view bytes, std::size_t cut = 0) {
  TapsetTaker taker;
  SystemtapBlocks blocks;
  blocks.on_bytes(bytes.substr(0, cut), taker);
  blocks.on_bytes(bytes.substr(cut), taker);
  blocks.on_end(taker);
  return taker.text;
}

// Each line as the tapset prints it, here without what it begins with.
std::string lines(std::initializer_list<std::string_view> lines) {
  std::string text;
  for (const std::string_view line : lines) text += "#rstap1 " + std::string(line) + "\n";
  return text;
}

std::string tapset_block(std::string_view rows) { return std::string(kTapsetHeader) + std::string(rows) + "\n"; }

const std::string kLog = tapset_block("    2 |@  3\n    4 |   0\n    8 |   0\n");

TEST(TapsetPrints, ReadsWhatTheTapsetPrints) {
  struct Case {
    std::string_view name;
    std::string text, want;
  };
  const Case cases[] = {
      {"a number", lines({"count n 5"}), "<count n 5>\n"},
      {"a negative one", lines({"min n -9223372036854775808"}), "<min n -9223372036854775808>\n"},
      {"statistics", lines({"stats s 3 106"}), "<stats s " + shown(Value(Stats{3, 106})) + ">\n"},
      {"a map", lines({"begin count m", "0 m 5 bash", "1 m 2 a b", "end m 2"}), "<count m [bash]=5 [a b]=2>\n"},
      {"rows of a script's own", lines({"begin max m", "row m 5 a", "row m 2 b", "end m"}), "<max m [a]=5 [b]=2>\n"},
      {"an empty map", lines({"begin sum m", "end m 0"}), "<sum m>\n"},
      {"an empty key", lines({"begin sum m", "0 m 5 ", "end m 1"}), "<sum m []=5>\n"},
      {"escaped keys", lines({"begin sum m", "0 m 5 a\\nb\\\\n\\x\\", "end m 1"}), "<sum m [a\nb\\n\\x\\]=5>\n"},
      {"keyed statistics", lines({"begin stats m", "0 m 5 7 a", "end m 1"}),
       "<stats m [a]=" + shown(Value(Stats{5, 7})) + ">\n"},
      {"a histogram", lines({"hist h"}) + kLog, "<hist h {2..3:3}>\n"},
      {"a linear one that looks logarithmic",
       lines({"lhist h"}) + tapset_block("    1 |@  3\n    2 |   0\n    4 |   0\n"),
       "<! h: no histogram that can be read stands behind its line>\n" +
           tapset_block("    1 |@  3\n    2 |   0\n    4 |   0\n")},
      {"of steps of one", lines({"lhist h"}) + tapset_block("    0 |@  3\n    1 |   0\n    2 |   0\n"),
       "<lhist h {0..0:3}>\n"},
      {"keyed histograms", lines({"begin hist h", "0 h a"}) + kLog + lines({"1 h b c"}) + kLog + lines({"end h 2"}),
       "<hist h [a]={2..3:3} [b c]={2..3:3}>\n"},
      {"two maps at once", lines({"begin sum a", "begin sum b", "0 b 1 x", "0 a 2 x", "end a 1", "end b 1"}),
       "<sum a [x]=2>\n<sum b [x]=1>\n"},
      {"text between", lines({"begin sum a"}) + "hello\n" + lines({"0 a 2 x"}) + "\n" + lines({"end a 1"}) + "bye",
       "hello\n\n<sum a [x]=2>\nbye"},
      {"behind text without an end", "text" + lines({"count n 5"}), "text#rstap1 count n 5\n"},
      {"a later version", "#rstap2 count n 5\n", "#rstap2 count n 5\n"},
      {"an unfinished line", "#rstap1 count n", "#rstap1 count n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (std::size_t cut = 0; cut <= c.text.size(); ++cut) ASSERT_EQ(read(c.text, cut), c.want) << cut;
  }
}

TEST(TapsetPrints, SaysWhatIsNotWhole) {
  struct Case {
    std::string_view name;
    std::string text, want;
  };
  const Case cases[] = {
      {"a row was lost", lines({"begin sum a", "1 a 2 x", "end a 2"}), "<! a: lost 1 of 2 keys>\n<sum a [x]=2>\n"},
      {"the beginning was lost", lines({"1 a 2 x", "end a 2"}),
       "<! a: its beginning was lost, this print is left out>\n<! a: its beginning was lost, this print is left "
       "out>\n"},
      {"the end was lost", lines({"begin sum a", "0 a 2 x", "begin sum a", "0 a 3 x", "end a 1"}),
       "<! a: a print has no end, some of its keys may be lost>\n<sum a [x]=2>\n<sum a [x]=3>\n"},
      {"the script ended within", lines({"begin sum a", "0 a 2 x"}),
       "<! a: a print has no end, some of its keys may be lost>\n<sum a [x]=2>\n"},
      {"no number", lines({"begin sum a", "0 a 2x x", "end a 1"}),
       "<! a row of a could not be read: 2x x>\n<! a: lost 1 of 1 keys>\n<sum a>\n"},
      {"a name with a blank", lines({"count my opens 5"}),
       "<! a line of the tapset could not be read: #rstap1 count my opens 5>\n"},
      {"too large", lines({"count n 9223372036854775808"}),
       "<! a line of the tapset could not be read: #rstap1 count n 9223372036854775808>\n"},
      {"an unknown word", lines({"avg n 5"}), "<! a line of the tapset could not be read: #rstap1 avg n 5>\n"},
      {"no histogram behind it", lines({"hist h"}) + "text\n" + kLog,
       "<! h: no histogram that can be read stands behind its line>\ntext\n<block text {2..3:3}>\n"},
      {"a key without its histogram", lines({"begin hist h", "0 h a", "1 h b"}) + kLog + lines({"end h 2"}),
       "<! h: no histogram that can be read stands behind the key a>\n<! h: lost 1 of 2 keys>\n"
       "<hist h [b]={2..3:3}>\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (std::size_t cut = 0; cut <= c.text.size(); ++cut) ASSERT_EQ(read(c.text, cut), c.want) << cut;
  }
}

TEST(TapsetPrints, HoldsNoMoreThanSomePrintsAtOnce) {
  std::string text;
  for (int i = 0; i < 17; i++) text += "#rstap1 begin sum m" + std::to_string(i) + "\n";
  TapsetTaker taker;
  SystemtapBlocks().on_bytes(text, taker);
  EXPECT_EQ(taker.text, "<! m0: a print has no end, some of its keys may be lost>\n<sum m0>\n");
}

std::string items(AnswerBook& book) {
  std::string all;
  while (const std::optional<AnswerItem> item = book.next()) {
    if (const auto* notice = std::get_if<AnswerNotice>(&*item)) all += "! " + notice->text + "\n";
    const auto* answer = std::get_if<Answer>(&*item);
    if (answer == nullptr) continue;
    all += answer->map + (answer->ordinal ? " #" + std::to_string(*answer->ordinal) : "");
    for (std::size_t key = 0; key < answer->keys.size(); ++key) {
      all += (answer->keyed ? " [" + answer->keys[key] + "]=" : " ") + shown(answer->sums[key]);
    }
    all += "\n";
  }
  return all;
}

TEST(TapsetBook, ThePrintsOfHostsAreMatchedByTheirNumber) {
  AnswerBook book(AnswerBook::Systemtap{}, 2);
  const auto print = [](std::string_view rows) {
    return lines({"begin count m"}) + std::string(rows) + lines({"end m"}) + lines({"max top 7"});
  };
  book.on_started(0, WallTime(1));
  book.on_started(1, WallTime(1));
  // The first print of one host has no keys, and still is its first.
  book.on_output(0, print("") + print(lines({"row m 1 a"})) + print(lines({"row m 9 z"})), WallTime(2));
  book.on_output(1, print(lines({"row m 2 a", "row m 3 b"})) + print(lines({"row m 4 a"})), WallTime(3));
  book.on_output(1, print(lines({"row m 5 c"})) + lines({"max top 8"}), WallTime(4));
  book.on_ended(0, "", WallTime(5));
  book.on_ended(1, "", WallTime(6));
  EXPECT_EQ(items(book), "m #0 [a]=2 [b]=3\ntop #0 7\nm #1 [a]=5\ntop #1 7\ntop #2 7\nm [z]=9 [c]=5\ntop 8\n");
}

TEST(TapsetBook, TwoKindsUnderOneNameAreTwoMaps) {
  AnswerBook book(AnswerBook::Systemtap{}, 2);
  book.on_output(0, lines({"count n 5", "max n 5"}), WallTime(1));
  book.on_output(1, lines({"max n 6", "count n 6"}), WallTime(2));
  book.on_run_ended(WallTime(3));
  EXPECT_EQ(items(book), "n #0 11\nn (max) #0 6\nn 11\nn (max) 6\n");
}

TEST(TapsetBook, WhatIsNotWholeIsToldOnce) {
  AnswerBook book(AnswerBook::Systemtap{}, 1);
  for (int i = 0; i < 3; i++) book.on_output(0, lines({"count \x1b[2Jn x"}), WallTime(1));
  book.on_run_ended(WallTime(3));
  const std::string line = "! a line of the tapset could not be read: #rstap1 count ^[[2Jn x";
  EXPECT_EQ(items(book), line + "\n" + line + " (2 times more)\n");
}

}  // namespace
}  // namespace stapsh::client
