// SPDX-License-Identifier: Apache-2.0
#include "client/output/merge.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "base/utf8.h"

namespace stapsh::client {
namespace {

struct Step {
  std::size_t target;
  Stream stream;
  std::string_view bytes;  ///< kEnd: the target ends.
};
constexpr Stream kOut = Stream::kStdout, kErr = Stream::kStderr;
constexpr std::string_view kEnd = "\x01 end";

std::string taken(OutputBuffers& buffers, Stream stream) {
  std::string text(buffers.of(stream).view());
  buffers.of(stream).consume(text.size());
  EXPECT_TRUE(buffers.of(stream).empty());
  return text;
}

TEST(Merge, EveryModeGivesItsLines) {
  struct Case {
    std::string_view name;
    LabelMode labels;
    std::vector<std::string> targets;
    std::vector<Step> steps;
    std::string want_out, want_err;
  };
  const Case cases[] = {
      {"one target passes through",
       LabelMode::kNone,
       {"a"},
       {{0, kOut, "x\ny"}, {0, kErr, "e"}, {0, kOut, std::string_view("\0\xff", 2)}, {0, kOut, kEnd}},
       std::string("x\ny\0\xff", 5),
       "e"},
      {"several without labels keep lines whole",
       LabelMode::kNone,
       {"a", "b"},
       {{0, kOut, "aa"}, {1, kOut, "bb\nb"}, {0, kOut, "a\n"}, {1, kOut, "\n"}},
       "bb\naaa\nb\n",
       ""},
      {"several without labels have them on standard error, where rstap speaks too",
       LabelMode::kNone,
       {"a", "b"},
       {{0, kErr, "rstap: 2 tar"}, {1, kErr, "x\n"}, {0, kErr, "gets\n"}, {1, kOut, "rstap: x\n"}},
       "rstap: x\n",
       "b: x\na: rstap: 2 targets\n"},
      {"the released prefix is on standard error, too, where there are several",
       LabelMode::kIndex,
       {"a", "b"},
       {{0, kOut, "aaa"}, {1, kOut, "b\n"}, {0, kOut, "bbb\n"}, {1, kErr, "e\n"}},
       "1: b\n0: aaabbb\n",
       "1: e\n"},
      {"the released prefix of one target is on standard output",
       LabelMode::kIndex,
       {"a"},
       {{0, kOut, "aaa\n"}, {0, kErr, "e\n"}},
       "0: aaa\n",
       "e\n"},
      {"labels are on both",
       LabelMode::kName,
       {"web1"},
       {{0, kOut, "x\n\n"}, {0, kErr, "e\n"}},
       "web1: x\nweb1: \n",
       "web1: e\n"},
      {"the end completes a line",
       LabelMode::kName,
       {"a", "b"},
       {{0, kOut, "x"}, {0, kErr, "e"}, {1, kOut, "y"}, {0, kOut, kEnd}, {1, kOut, kEnd}, {1, kOut, kEnd}},
       "a: x\nb: y\n",
       "a: e\n"},
      {"nothing said, nothing printed", LabelMode::kName, {"a"}, {{0, kOut, ""}, {0, kOut, kEnd}}, "", ""},
      {"carriage returns and NULs are bytes",
       LabelMode::kName,
       {"a"},
       {{0, kOut, std::string_view("x\r\0\n", 4)}},
       std::string("a: x\r\0\n", 7),
       ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    OutputBuffers buffers;
    Merger merger({.labels = c.labels, .target_names = c.targets}, buffers);
    for (const Step& step : c.steps) {
      if (step.bytes.data() == kEnd.data())
        merger.on_target_end(step.target);
      else
        merger.on_output(step.target, step.stream, step.bytes);
    }
    EXPECT_EQ(buffers.pending_bytes(), c.want_out.size() + c.want_err.size());
    EXPECT_EQ(taken(buffers, kOut), c.want_out);
    EXPECT_EQ(taken(buffers, kErr), c.want_err);
  }
}

// The same split in every way: what a terminal is sent depends on the lines alone.
TEST(Merge, OnATerminalNothingPosesAsSomebodyElse) {
  struct Case {
    std::string_view name;
    LabelMode labels;
    std::size_t targets;
    bool coloured;
    Stream stream;
    std::string_view in, want;
  };
  const Case cases[] = {
      {"controls are spelled", LabelMode::kName, 2, false, kOut, "x\033[2K\rweb2: y\r\n", "web1: x^[[2K^Mweb2: y\r\n"},
      {"colours end", LabelMode::kName, 2, false, kOut, "\033[7mx\ny\n", "web1: \033[7mx\033[0m\nweb1: y\n"},
      {"labels have a colour", LabelMode::kName, 1, true, kOut, "x\ny\n",
       "\033[36mweb1:\033[0m x\n\033[36mweb1:\033[0m y\n"},
      {"so do numbers", LabelMode::kIndex, 2, true, kOut, "x\n", "\033[36m0:\033[0m x\n"},
      {"plain lines without labels have none", LabelMode::kNone, 2, true, kOut, "x: y\nweb3: y\n", "x: y\nweb3: y\n"},
      {"a line like rstap's has one", LabelMode::kNone, 2, false, kOut, "rstap: 2 targets\n",
       "web1: rstap: 2 targets\n"},
      {"and one like another target's", LabelMode::kNone, 2, false, kOut, "\033[mweb2: y\n", "web1: \033[mweb2: y\n"},
      {"and like one's own on standard error", LabelMode::kNone, 2, false, kOut, "web1:\n", "web1: web1:\n"},
      {"on standard error all have", LabelMode::kNone, 2, false, kErr, "x\n", "web1: x\n"},
      {"with one target, too", LabelMode::kIndex, 1, false, kErr, "rstap: x\nx\n", "0: rstap: x\nx\n"},
  };
  for (const Case& c : cases) {
    for (std::size_t first = 0; first <= c.in.size(); ++first) {
      SCOPED_TRACE(testing::Message() << c.name << " split at " << first);
      OutputBuffers buffers;
      std::vector<std::string> names{"web1", "web2"};
      names.resize(c.targets);
      MergeOptions options{.labels = c.labels, .target_names = names};
      options.on_terminal = {true, true};
      options.coloured = {c.coloured, c.coloured};
      Merger merger(options, buffers);
      std::string got;
      merger.on_output(0, c.stream, c.in.substr(0, first));
      merger.on_output(0, c.stream, c.in.substr(first));
      merger.on_target_end(0);
      EXPECT_EQ(taken(buffers, c.stream), c.want);
    }
  }
}

// What waits for its end is shown after a pause; whoever speaks meanwhile has a line of his own.
TEST(Merge, UnfinishedLinesAreShownAfterAPause) {
  constexpr WallTime kPause = Merger::kPause, kShort = kPause / 2;
  struct Said {
    std::size_t target;
    std::string_view bytes;  ///< kEnd: the target ends.
    WallTime after;          ///< The step before.
  };
  struct Case {
    std::string_view name;
    LabelMode labels;
    bool terminal;
    std::size_t targets;
    std::vector<Said> said;
    std::string want;  ///< What each step shows, between '|'.
  };
  const Case cases[] = {
      {"one that ends soon is shown whole",
       LabelMode::kName,
       true,
       2,
       {{0, "x", {}}, {1, "y\n", kShort}, {0, "x\n", {}}},
       "b: y\n|a: xx\n"},
      {"dots are shown as they come, from the first pause on",
       LabelMode::kName,
       true,
       2,
       {{0, ".", {}}, {0, ".", kPause}, {0, ".", {}}, {0, ".\n", kShort}},
       "a: ..|.|.\n"},
      {"dots that come faster than the pause are shown, too",
       LabelMode::kName,
       true,
       2,
       {{0, ".", {}}, {0, ".", kShort}, {0, ".", kShort}, {0, ".", kShort}},
       "a: ...|."},
      {"another's line ends it, and its rest begins one",
       LabelMode::kName,
       true,
       2,
       {{0, "x", {}}, {1, "y\n", kPause}, {0, "x\n", {}}, {0, "z\n", {}}},
       "a: x\nb: y\n|a: x\n|a: z\n"},
      {"the rest of it waits as well",
       LabelMode::kName,
       true,
       2,
       {{0, "x", {}}, {1, "y\n", kPause}, {0, "x", {}}, {1, "y\n", kShort}, {0, "x\n", kShort}, {0, "z\n", {}}},
       "a: x\nb: y\n|b: y\n|a: xx\n|a: z\n"},
      {"an end that comes later is none",
       LabelMode::kName,
       true,
       2,
       {{0, "x", {}}, {1, "y\n", kPause}, {0, "\nz\n", {}}},
       "a: x\nb: y\n|a: z\n"},
      {"two of them take turns",
       LabelMode::kName,
       true,
       2,
       {{0, "x", {}}, {1, "y", {}}, {0, "x", kPause}, {1, "y", kPause}},
       "a: x\nb: y|\na: x"},
      {"whoever it is of is named, where lines are not",
       LabelMode::kNone,
       true,
       2,
       {{0, "w\nrst", {}}, {0, "ap: x", kPause}, {1, "y\n", {}}, {0, "\n", {}}},
       "w\n|a: rstap: x|\ny\n"},
      {"colours and characters may come in parts",
       LabelMode::kName,
       true,
       2,
       {{0, "\033[7mx\033[", {}}, {0, "1m\xc3", kPause}, {0, "\xa4", {}}, {1, "y\n", {}}, {0, "\033[\n", kPause}},
       "a: \033[7mx\033[1m|ä|\033[0m\nb: y\n|a: ^[[\n"},
      {"an end completes it",
       LabelMode::kName,
       true,
       2,
       {{0, "x", {}}, {1, "", kPause}, {0, kEnd, {}}, {0, kEnd, {}}},
       "a: x|\n"},
      {"in a file lines of several are whole",
       LabelMode::kName,
       false,
       2,
       {{0, "x", {}}, {1, "y\n", kPause}, {0, "x\n", kPause}},
       "b: y\n|a: xx\n"},
      {"of one target none waits for long",
       LabelMode::kName,
       true,
       1,
       {{0, "x", {}}, {0, "y", {}}, {0, "\nz\n", {}}},
       "a: x|y|\na: z\n"},
      {"a clock that is set back",
       LabelMode::kName,
       true,
       2,
       {{0, "x", 100 * kPause}, {0, "x", -50 * kPause}, {0, "x\nz", {}}, {0, "", kPause}},
       "a: xx|x\n|a: z"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    OutputBuffers buffers;
    std::vector<std::string> names{"a", "b"};
    names.resize(c.targets);
    MergeOptions options{.labels = c.labels, .target_names = names};
    options.on_terminal = options.shows_unfinished = {c.terminal, c.terminal};
    Merger merger(options, buffers);
    std::string got;
    WallTime now = std::chrono::seconds(1'000);
    for (const Said& said : c.said) {
      now += said.after;
      merger.release(now);
      if (said.bytes.data() == kEnd.data())
        merger.on_target_end(said.target);
      else
        merger.on_output(said.target, kOut, said.bytes, now);
      if (c.targets == 1) merger.release(now + Merger::kOnlyPause);
      const std::string text = taken(buffers, kOut);
      got += got.empty() || text.empty() ? text : "|" + text;
    }
    EXPECT_EQ(got, c.want);
  }
}

// The same split in every way.
TEST(Merge, AClearedScreenIsALineWithTheName) {
  struct Case {
    std::string_view name;
    LabelMode labels;
    std::size_t targets;
    bool terminal;
    std::string_view in, want;
  };
  const Case cases[] = {
      {"in a file", LabelMode::kNone, 2, false, "\033[1;1H\033[Jx\ny\n\033[1;1H\033[Jz\n",
       "web1: ---------------\nx\ny\nweb1: ---------------\nz\n"},
      {"on a terminal", LabelMode::kNone, 2, true, "x\033[2J\033[Hy\033[J\n", "x\nweb1: ---------------\ny^[[J\n"},
      {"with labels", LabelMode::kName, 1, true, "\033[2Jx\n\033[2", "web1: ---------------\nweb1: x\nweb1: ^[[2\n"},
      {"whoever has the screen alone clears it", LabelMode::kNone, 1, true,
       "x\n\033[7m\033[2J\033[1;1Hrst\033[crstap: x\033[2", "x\n\033[7m\033[0m\033[H\033[Jrst^[[crstap: x^[[2"},
      {"and poses as nobody", LabelMode::kNone, 1, true, "rst\033[2Jrstap: x", "rst\033[H\033[Jweb1: rstap: x"},
      {"alone in a file it is bytes", LabelMode::kNone, 1, false, "x\n\033[2Jy\n", "x\n\033[2Jy\n"},
  };
  for (const Case& c : cases) {
    for (std::size_t first = 0; first <= c.in.size(); ++first) {
      SCOPED_TRACE(testing::Message() << c.name << " split at " << first);
      OutputBuffers buffers;
      std::vector<std::string> names{"web1", "web2"};
      names.resize(c.targets);
      MergeOptions options{.labels = c.labels, .target_names = names, .obeys_clears = true};
      options.on_terminal = {c.terminal, c.terminal};
      Merger merger(options, buffers);
      merger.on_output(0, kOut, c.in.substr(0, first));
      merger.on_output(0, kOut, c.in.substr(first));
      merger.on_target_end(0);
      EXPECT_EQ(taken(buffers, kOut), c.want);
    }
  }
}

TEST(Merge, ALineOfRstapsBeginsALine) {
  OutputBuffers buffers;
  buffers.share();
  MergeOptions options{.labels = LabelMode::kNone, .target_names = {"a"}};
  Merger merger(options, buffers);
  merger.on_output(0, kOut, "unfinished");
  const auto say = [&](std::string_view line) {
    buffers.of(kErr).begin_line();
    buffers.of(kErr).append(line);
  };
  say("rstap: x\n");
  merger.on_output(0, kErr, "whole\n");
  say("rstap: y\n");
  EXPECT_EQ(taken(buffers, kOut), "unfinished\nrstap: x\nwhole\nrstap: y\n");
}

TEST(Merge, LongLinesAreNotBrokenWithinACharacter) {
  const std::string_view text = "aü漢🦊b\xff\xff\xff\xff\xe2\x82";
  for (std::size_t bound = 4; bound < 12; ++bound) {
    std::string want;
    for (std::string_view left = text; !left.empty();) {
      const std::string_view piece = whole_characters(left, bound);
      want += "a: " + std::string(piece) + "\n";
      left.remove_prefix(piece.size());
    }
    for (std::size_t first = 0; first <= text.size(); ++first) {
      for (std::size_t second = first; second <= text.size(); ++second) {
        SCOPED_TRACE(testing::Message() << bound << " split at " << first << " and " << second);
        OutputBuffers buffers;
        Merger merger({.labels = LabelMode::kName, .target_names = {"a"}, .held_line_bytes_max = bound}, buffers);
        merger.on_output(0, kOut, text.substr(0, first));
        merger.on_output(0, kOut, text.substr(first, second - first));
        merger.on_output(0, kOut, text.substr(second));
        merger.on_target_end(0);
        ASSERT_EQ(taken(buffers, kOut), want);
      }
    }
  }
}

TEST(Merge, LongLinesAreBrokenAtTheBound) {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"abcd\n", "a: abcd\n"},
      {"abcde\n", "a: abcd\na: e\n"},
      {"abcdefghi\nx\n", "a: abcd\na: efgh\na: i\na: x\n"},
      {"abcdefgh\n\n", "a: abcd\na: efgh\na: \n"},
      {"abcdefgh", "a: abcd\na: efgh\n"},
  };
  for (const Case& c : cases) {
    for (std::size_t first = 0; first <= c.in.size(); ++first) {
      for (std::size_t second = first; second <= c.in.size(); ++second) {
        SCOPED_TRACE(testing::Message() << c.in << " split at " << first << " and " << second);
        OutputBuffers buffers;
        Merger merger({.labels = LabelMode::kName, .target_names = {"a"}, .held_line_bytes_max = 4}, buffers);
        merger.on_output(0, kOut, c.in.substr(0, first));
        merger.on_output(0, kOut, c.in.substr(first, second - first));
        merger.on_output(0, kOut, c.in.substr(second));
        merger.on_target_end(0);
        EXPECT_EQ(taken(buffers, kOut), c.want);
      }
    }
  }
}

/// What each target says, line by line, in the merged output.
std::vector<std::string> unmerged(std::string_view merged, std::size_t targets) {
  std::vector<std::string> said(targets);
  while (!merged.empty()) {
    const std::size_t newline = merged.find('\n');
    EXPECT_NE(newline, std::string_view::npos) << "an unfinished line";
    const std::size_t target = static_cast<std::size_t>(merged[0] - '0');
    EXPECT_LT(target, targets) << "a line without a label";
    EXPECT_EQ(merged.substr(1, 2), ": ");
    said.at(target) += merged.substr(3, newline + 1 - 3);
    merged.remove_prefix(newline + 1);
  }
  return said;
}

TEST(Merge, AnySplitAndInterleavingGivesEachTargetTheSame) {
  std::mt19937 random(20240607);
  const auto below = [&](std::size_t bound) { return random() % bound; };
  for (int round = 0; round < 500; ++round) {
    const std::size_t targets = 1 + below(5), bound = 1 + below(40);
    std::vector<std::string> said(targets), want(targets);
    std::vector<std::size_t> at(targets, 0);
    for (std::size_t i = 0; i < targets; ++i) {
      for (std::size_t lines = below(600); lines > 0; --lines) {
        const std::string line(below(60), static_cast<char>('a' + i));
        said[i] += line + "\n";
        for (std::size_t begin = 0; begin == 0 || begin < line.size(); begin += bound) {
          want[i] += line.substr(begin, bound) + "\n";
        }
      }
    }
    OutputBuffers buffers;
    Merger merger(
        {.labels = LabelMode::kIndex, .target_names = std::vector<std::string>(targets), .held_line_bytes_max = bound},
        buffers);
    std::string merged;
    while (at != [&] {
      std::vector<std::size_t> ends;
      for (const std::string& text : said) ends.push_back(text.size());
      return ends;
    }()) {
      const std::size_t i = below(targets);
      const std::string_view piece = std::string_view(said[i]).substr(at[i], 1 + below(below(2) == 0 ? 5 : 20'000));
      merger.on_output(i, kOut, piece);
      at[i] += piece.size();
      // A slow reader takes any part of what is there.
      const std::string_view waiting = buffers.of(kOut).view();
      const std::size_t part = below(waiting.size() + 1);
      merged += waiting.substr(0, part);
      buffers.of(kOut).consume(part);
    }
    for (std::size_t i = 0; i < targets; ++i) merger.on_target_end(i);
    merged += taken(buffers, kOut);
    ASSERT_EQ(unmerged(merged, targets), want) << "round " << round;
  }
}

TEST(OutputBuffer, KeepsBytesInOrderWhileItGrowsAndSlides) {
  OutputBuffer buffer;
  std::string want, got;
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes(random() % 5000, static_cast<char>('a' + round % 26));
    buffer.append(bytes);
    want += bytes;
    const std::size_t part = random() % (buffer.size() + 1);
    got += buffer.view().substr(0, part);
    buffer.consume(part);
  }
  got += buffer.view();
  EXPECT_EQ(got, want);
}

}  // namespace
}  // namespace stapsh::client
