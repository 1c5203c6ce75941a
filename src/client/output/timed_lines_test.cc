// SPDX-License-Identifier: Apache-2.0
#include "client/output/timed_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stapsh::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kBegin = seconds(1'790'000'000);

/// A run of two targets, whose times are seconds since its beginning.
class TimedRun {
 public:
  explicit TimedRun(const OutputOptions& options, LabelMode labels = LabelMode::kName)
      : timed_(options, {"a", "b"}, out_),
        merger_({.labels = labels, .target_names = {"a", "b"}, .whole_lines = true}, timed_.staging()) {
    happen(0, 0, event::StateChanged{TargetState::kRunning});
  }
  void connect(std::size_t target, double offset) {
    event::Connected connected;
    connected.clock_offset = time(offset);
    happen(0, target, connected);
  }
  void say(double came, std::size_t target, std::string_view bytes, std::optional<double> said = {},
           Stream stream = Stream::kStdout) {
    event::Output output{stream, bytes, {}};
    if (said) output.time = kBegin + time(*said);
    happen(came, target, output);
  }
  void happen(double at, std::size_t target, Event::What what) {
    const Event event{kBegin + time(at), target, std::move(what)};
    timed_.note(event);
    if (std::holds_alternative<event::Output>(event.what)) timed_.on_output(event, merger_);
    if (std::holds_alternative<event::Ended>(event.what)) timed_.on_target_end(event, merger_);
  }
  std::string take(Stream stream = Stream::kStdout) {
    std::string text(out_.of(stream).view());
    out_.of(stream).consume(text.size());
    return text;
  }
  std::string end() {
    for (const std::size_t target : {0U, 1U}) happen(1'000, target, event::Ended{});
    timed_.finish();
    return take();
  }
  TimedLines& timed() { return timed_; }

 private:
  static WallTime time(double of) { return WallTime(static_cast<WallTime::rep>(of * 1e9)); }

  OutputBuffers out_;
  TimedLines timed_;
  Merger merger_;
};

OutputOptions delta() {
  OutputOptions options;
  options.timestamps = Timestamps::kDelta;
  return options;
}

OutputOptions by_time(bool with_delta = false) {
  OutputOptions options;
  if (with_delta) options = delta();
  options.by_time = seconds(1);
  return options;
}

TEST(TimedLines, TheTimeStandsBeforeTheLabel) {
  TimedRun run(delta());
  run.connect(0, 0);
  run.say(1, 0, "x\n\ny", 0.5);
  run.say(2, 0, "z\n", 1.5, Stream::kStderr);
  EXPECT_EQ(run.take(), "[    0.500000] a: x\n[    0.500000] a: \n");
  EXPECT_EQ(run.take(Stream::kStderr), "[    1.500000] a: z\n");
  EXPECT_EQ(run.end(), "[    0.500000] a: y\n");
}

TEST(TimedLines, ALineHasTheTimeOfItsBeginningInEverySplit) {
  const std::string_view text = "one\ntwo\n\nfour";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      SCOPED_TRACE(testing::Message() << "split at " << first << " and " << second);
      TimedRun run(delta(), LabelMode::kNone);
      const std::string_view pieces[] = {text.substr(0, first), text.substr(first, second - first),
                                         text.substr(second)};
      std::string want;
      std::size_t at = 0, piece = 0, piece_ends = first;
      for (std::size_t begin = 0; begin <= text.size(); begin = at + 1) {
        at = std::min(text.find('\n', begin), text.size());
        while (begin >= piece_ends && piece < 2) piece_ends += pieces[++piece].size();
        want += "[    " + std::to_string(piece) + ".000000] " + std::string(text.substr(begin, at - begin)) + "\n";
      }
      for (std::size_t i = 0; i < 3; ++i) run.say(static_cast<double>(i), 0, pieces[i]);
      EXPECT_EQ(run.take() + run.end(), want);
    }
  }
}

TEST(TimedLines, OrderIsByTheClocksAsTheyWereMeasured) {
  TimedRun run(by_time(true));
  run.connect(0, 3'600);
  run.connect(1, -60);
  run.say(5.00, 0, "third\n", 3'604.9);
  run.say(5.01, 1, "first\n", -55.5);
  run.say(5.02, 1, "second\n", -55.2);
  EXPECT_EQ(run.take(), "");
  run.say(6.5, 0, "fourth\n", 3'606.4);
  EXPECT_EQ(run.take(), "[    4.500000] b: first\n[    4.800000] b: second\n[    4.900000] a: third\n");
  EXPECT_EQ(run.end(), "[    6.400000] a: fourth\n");
  EXPECT_TRUE(run.timed().remarks().empty());
}

TEST(TimedLines, ALineThatBeganBeforeStandsWhereItBegan) {
  TimedRun run(by_time());
  run.connect(0, 0);
  run.connect(1, 0);
  run.say(1.0, 0, "long ", 1.0);
  run.say(1.2, 1, "b1\n", 1.2);
  run.say(1.4, 0, "line\nnext\n", 1.4);
  run.say(1.5, 1, "b2\n", 1.3);
  EXPECT_EQ(run.end(), "a: long line\nb: b1\nb: b2\na: next\n");
}

TEST(TimedLines, EveryInterleavingOfTwoTargetsGivesOneOrder) {
  // Each says five lines; which of both is read next is one bit of the number.
  for (unsigned choice = 0; choice < 1U << 10; ++choice) {
    if (__builtin_popcount(choice) != 5) continue;
    TimedRun run(by_time());
    run.connect(0, 0);
    run.connect(1, 0);
    int said[2] = {0, 0};
    for (unsigned bit = 0; bit < 10; ++bit) {
      const std::size_t target = choice >> bit & 1U;
      const int line = said[target]++;
      const std::string text = std::to_string(line) + "\n";
      run.say(1 + bit * 0.01, target, text, 0.1 * line + (target == 1 ? 0.05 : 0));
    }
    EXPECT_EQ(run.end(), "a: 0\nb: 0\na: 1\nb: 1\na: 2\nb: 2\na: 3\nb: 3\na: 4\nb: 4\n");
  }
}

TEST(TimedLines, LateLinesAreCountedAndSaid) {
  TimedRun run(by_time());
  run.connect(0, 0);
  run.connect(1, 0);
  run.say(1, 0, "new\n", 1.0);
  run.say(3, 1, "old\nold\n", 0.5);
  EXPECT_EQ(run.take(), "a: new\nb: old\nb: old\n");
  EXPECT_EQ(run.end(), "");
  EXPECT_EQ(run.timed().remarks(),
            std::vector<std::string>{"2 lines came later than newer ones had waited for (1 s), and stand behind them; "
                                     "--by-time=SECONDS waits longer"});
}

TEST(TimedLines, WhatATargetSaysStaysInItsOrder) {
  TimedRun run(by_time());
  run.connect(0, 0);
  run.say(5, 0, "1\n", 4.9);
  run.say(5.1, 0, "2\n", 2.0);  // Its clock was set back.
  run.say(5.2, 0, "3\n", 900);  // And forward.
  run.say(5.3, 1, "b\n");
  EXPECT_EQ(run.end(), "a: 1\na: 2\na: 3\nb: b\n");
}

TEST(TimedLines, AClockOfOursThatIsSetBackHoldsNothing) {
  TimedRun run(by_time());
  run.say(3'600, 0, "before\n");
  run.say(5, 1, "after\n");
  EXPECT_EQ(run.take(), "a: before\n");
  run.say(6.5, 1, "later\n");
  EXPECT_EQ(run.take(), "b: after\n");
  EXPECT_EQ(run.end(), "b: later\n");
}

TEST(TimedLines, WhoseTimesAreOursIsSaidOnce) {
  TimedRun run(delta());
  run.connect(0, 0);
  run.say(1, 0, "x\n", 1.0);
  run.say(1, 1, "y\n");
  run.say(2, 1, "y\n");
  EXPECT_EQ(run.take(), "[    1.000000] a: x\n[    1.000000] b: y\n[    2.000000] b: y\n");
  EXPECT_EQ(
      run.timed().remarks(),
      std::vector<std::string>{"times of b are of when output came here, by this machine's clock: no agent of ours "
                               "told them"});
}

TEST(TimedLines, AClockIsFarOffBeyondTheWindow) {
  const TimedRun run(by_time());
  const auto is_far_off = [&](WallTime offset, WallTime uncertainty) {
    event::Connected connected;
    connected.clock_offset = offset;
    connected.clock_uncertainty = uncertainty;
    return const_cast<TimedRun&>(run).timed().is_far_off(connected);
  };
  EXPECT_FALSE(is_far_off(milliseconds(-999), milliseconds(1)));
  EXPECT_TRUE(is_far_off(milliseconds(-1'001), milliseconds(1)));
  EXPECT_TRUE(is_far_off(milliseconds(1'001), milliseconds(1)));
  EXPECT_TRUE(is_far_off(milliseconds(0), milliseconds(1'001)));
}

}  // namespace
}  // namespace stapsh::client
