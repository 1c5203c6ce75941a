// SPDX-License-Identifier: Apache-2.0
#include "client/output/only_target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <random>

#include "client/output/merge.h"

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
  out.begin_line();
  out.append("rstap: waiting\n");
  target.append(out, "rstap: all clean\n");
  EXPECT_EQ(out.view(), "\033[31mx\033[0m\nrstap: waiting\nweb1: rstap: all clean\n");
}

/// Both streams on one terminal, on which lines of rstap's own come between as well.
struct Written {
  Stream stream;
  std::string_view text;
};
std::string on_one_terminal(std::initializer_list<Written> steps, std::string_view own_line_after_each = "") {
  OutputBuffers buffers;
  buffers.share();
  MergeOptions options{.labels = LabelMode::kNone, .target_names = {"web1"}};
  options.on_terminal = {true, true};
  Merger merger(options, buffers);
  OutputBuffer& out = buffers.of(Stream::kStderr);
  for (const Written& step : steps) {
    merger.on_output(0, step.stream, step.text);
    if (own_line_after_each.empty()) continue;
    out.begin_line();
    out.append(own_line_after_each);
  }
  merger.on_target_end(0);
  return std::string(out.view());
}
constexpr Stream kOutStream = Stream::kStdout, kErrStream = Stream::kStderr;

TEST(OnlyTarget, TwoStreamsDoNotMakeOneLineOfRstaps) {
  EXPECT_EQ(on_one_terminal({{kOutStream, "rst"}, {kErrStream, "ap: all clean"}}), "web1: rstap: all clean");
  EXPECT_EQ(on_one_terminal({{kOutStream, "x"}, {kErrStream, "\n"}, {kOutStream, "rstap: all clean\n"}}),
            "x\nweb1: rstap: all clean\n");
  EXPECT_EQ(on_one_terminal({{kOutStream, "x\033["}, {kErrStream, "\n"}, {kOutStream, "0mrstap: all clean\n"}}),
            "x^[[\n0mrstap: all clean\n");
  EXPECT_EQ(on_one_terminal({{kOutStream, "x\xe2\x80"}, {kErrStream, "\n"}, {kOutStream, "\x8brstap: all clean\n"}}),
            "x<E2><80>\n<8B>rstap: all clean\n");
  EXPECT_EQ(on_one_terminal({{kOutStream, "x\033["}, {kErrStream, "\n\033[1m"}, {kOutStream, "rstap: all clean\n"}}),
            "x^[[\nweb1: \033[1mrstap: all clean\033[0m\n");
}

TEST(OnlyTarget, AColourEndsWithItsLineWhicheverStreamEndsIt) {
  EXPECT_EQ(on_one_terminal({{kOutStream, "x\033[8m"}, {kErrStream, "y\nz\n"}}), "x\033[8my\033[0m\nz\n");
  EXPECT_EQ(on_one_terminal({{kOutStream, "x\033[8m"}}, "rstap: a\n"), "x\033[8m\033[0m\nrstap: a\n");
}

// What was waiting for its rest when rstap's own line came is not completed behind that.
TEST(OnlyTarget, NothingIsCompletedBehindALineOfRstaps) {
  EXPECT_EQ(on_one_terminal({{kOutStream, "x\033["}, {kOutStream, "0mrstap: b\n"}}, "rstap: a\n"),
            "x\nrstap: a\n^[[0mrstap: b\nrstap: a\n");
  EXPECT_EQ(on_one_terminal({{kOutStream, "x\xe2\x80"}, {kOutStream, "\x8brstap: b\n"}}, "rstap: a\n"),
            "x\nrstap: a\n<E2><80><8B>rstap: b\nrstap: a\n");
  EXPECT_EQ(on_one_terminal({{kOutStream, "x\n\033["}, {kOutStream, "0mrstap: b\n"}}, "rstap: a\n"),
            "x\nrstap: a\nweb1: \033[0mrstap: b\nrstap: a\n");
}

// The rule itself, for any order of bytes and streams: what looks like a line of rstap's is one, or has a label.
TEST(OnlyTarget, NoOrderOfPiecesLooksLikeRstaps) {
  const std::string_view pieces[] = {"r", "stap:",   "rstap:", "x",    "\n",   "\r",       "\033",         "[",   "1",
                                     "m", "\033[8m", "\xe2",   "\x80", "\x8b", "\xcc\x81", "\xe1\x85\xa0", "ap:", "st"};
  std::mt19937 random(20261127);
  for (int round = 0; round < 100'000; ++round) {
    OutputBuffers buffers;
    buffers.share();
    MergeOptions options{.labels = LabelMode::kNone, .target_names = {"web1"}};
    options.on_terminal = {true, true};
    Merger merger(options, buffers);
    OutputBuffer& out = buffers.of(kErrStream);
    std::string said;
    for (int i = 0; i < 12; ++i) {
      const std::string_view piece = pieces[random() % std::size(pieces)];
      said += piece;
      if (random() % 8 != 0) {
        merger.on_output(0, random() % 2 == 0 ? kOutStream : kErrStream, piece);
        continue;
      }
      out.begin_line();
      out.append("OWN\n");
      if (random() % 4 == 0) out.consume(random() % (out.size() + 1));
    }
    merger.on_target_end(0);
    bool first = true;
    for (std::string_view left = out.view(); !left.empty(); first = false) {
      const std::string_view line = left.substr(0, left.find('\n'));
      left.remove_prefix(std::min(left.size(), line.size() + 1));
      if (first) continue;  // Its beginning may have been written before.
      ASSERT_NE(looks_like(line, kOwnBeginning), true) << testing::PrintToString(std::string(out.view()));
    }
  }
}

// Each character is looked at once: this took minutes when all of a line was, for each of its bytes.
TEST(OnlyTarget, UnseenLinesTakeNoLongerThanOthers) {
  std::string line;
  while (line.size() < 1'000) line += "\xc2\xad";
  line += '\n';
  OutputBuffer out;
  OnlyTarget target;
  for (int i = 0; i < 10'000; ++i) target.append(out, line);
  target.finish(out);
  EXPECT_EQ(out.size(), 10'000 * line.size());
}

}  // namespace
}  // namespace stapsh::client
