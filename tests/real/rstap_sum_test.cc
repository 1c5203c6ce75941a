// SPDX-License-Identifier: Apache-2.0
// --sum and what is made of it, of real bpftrace programs on several targets.
#include <csignal>

#include "recorded_run.h"

namespace stapsh::real {
namespace {

constexpr const char* kSumOfTexts = STAPSH_REAL_TESTS "/sum_of_texts.py";

// What it measures is the same each time, and on each target.
constexpr const char* kCertain = R"(BEGIN {
  @count = count(); @count = count(); @k["a b", 1] = count(); @k["x", 2] = count(); @k["x", 2] = count();
  @sum = sum(10); @sum = sum(32); @min = min(7); @min = min(3); @max = max(9); @max = max(12);
  @stats = stats(5); @stats = stats(8); @hist = hist(0); @hist = hist(5); @hist = hist(7); @hist = hist(5000);
  @keyed["r"] = hist(1); @keyed["w"] = hist(70000); @l = lhist(5, 0, 100, 10); @l = lhist(300, 0, 100, 10);
  printf("measured\n"); exit();
})";

class RstapSum : public RecordedRun {
 protected:
  RstapSum() { mounts_.lift_memlock_limit(); }

  Words on(unsigned targets, const Words& words) const {
    Words all = rstap({});
    for (unsigned i = 0; i < targets; ++i) all.insert(all.end(), {"--remote", "stapsh:"});
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  /// What sum_of_texts.py makes of it.
  std::string numbers(const std::string& how, const std::string& text) {
    const std::string file = scratch_.write("numbers.in", text);
    Program program(options({"/bin/sh", "-c", std::string(kSumOfTexts) + " " + how + " < " + file}));
    EXPECT_EQ(program.wait_exit(), 0) << program.captured();
    return program.out();
  }
};

TEST_F(RstapSum, IsTheSumOfWhatEachHostSaysAsText) {
  Program texts(client(on(3, {"--label", "--bpftrace", "-e", kCertain})));
  ASSERT_EQ(texts.wait_exit(), 0) << texts.captured();
  EXPECT_NE(texts.err().find("rstap: each target has printed its own maps; with --sum they are added up\n"),
            std::string::npos)
      << texts.captured();
  Program sums(client(on(3, {"--sum", "--bpftrace", "-e", kCertain})));
  ASSERT_EQ(sums.wait_exit(), 0) << sums.captured();
  const std::string want = numbers("texts", texts.out());
  EXPECT_NE(want.find("@count = 6\n"), std::string::npos) << want << texts.captured();
  EXPECT_NE(want.find("@hist [4, 8) = 6\n"), std::string::npos) << want;
  EXPECT_NE(want.find("@l [100, ...) = 3\n"), std::string::npos) << want;
  EXPECT_EQ(numbers("sums", sums.out()), want) << sums.captured();
  EXPECT_EQ(sums.err().find("--sum"), std::string::npos) << sums.captured();
  EXPECT_NE(sums.out().find("stapsh#2: measured\n"), std::string::npos) << sums.captured();
  EXPECT_NE(sums.out().find("@min: smallest of 3 hosts\n@min: 3\n"), std::string::npos) << sums.captured();
}

TEST_F(RstapSum, AnAverageHasItsExactValueIfAsked) {
  const std::string program = "BEGIN { @a = avg(1); @a = avg(1); @a = avg(10); exit(); }";
  Program rough(client(on(2, {"--sum", "--bpftrace", "-e", program})));
  ASSERT_EQ(rough.wait_exit(), 0) << rough.captured();
  EXPECT_EQ(rough.out(), "@a: averages of 2 hosts\n@a: min 4, median 4, max 4\n") << rough.captured();
  Program exact(client(on(2, {"--exact-avg", "--bpftrace", "-e", program})));
  ASSERT_EQ(exact.wait_exit(), 0) << exact.captured();
  EXPECT_EQ(exact.out(), "@a: sum of 2 hosts\n@a: count 6, average 4, total 24\n") << exact.captured();
}

TEST_F(RstapSum, APrintOfAllHostsIsShownAtOnceAndTheLastValuesAtTheEnd) {
  const std::string program = "interval:ms:100 { @n = count(); print(@n); }";
  Program rstap(client(on(2, {"--sum", "--bpftrace", "-e", program})));
  ASSERT_TRUE(rstap.wait_for_out_times("@n: sum of 2 hosts\n", 3));
  rstap.send_signal(SIGINT);
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::string out = rstap.out();
  EXPECT_EQ(out.find("@n: sum of 2 hosts\n@n: 2\n"), 0U) << out;
}

TEST_F(RstapSum, WhoIsMissingIsNamed) {
  Words words = on(2, {"--remote", "exec:false", "--sum", "--bpftrace", "-e", kCertain});
  Program rstap(client(words));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_NE(rstap.out().find("@count: sum of 2 of 3 hosts\n  exec:false: failed: "), std::string::npos)
      << rstap.captured();
}

TEST_F(RstapSum, ARecordingGivesTheSameAnswersAndFiles) {
  const std::string recording = scratch_.path("run.json");
  const Words way{"--top=3", "--report=DIR/r.html", "--folded=DIR/r.folded", "--metrics=DIR/r.prom"};
  const std::string program =
      "tracepoint:raw_syscalls:sys_enter { @c[comm] = count(); @k[kstack(3)] = count(); @h = hist(args->id); } "
      "interval:ms:300 { print(@h); @i++; } interval:s:1 { exit(); }";
  const Shown live = show(on(3, {"--record", recording, "--bpftrace", "-e", program}), way);
  const Shown replayed = show({STAPSH_CLIENT, "replay", recording}, way);
  EXPECT_EQ(live.code, 0) << live.err;
  EXPECT_EQ(replayed.out, live.out);
  EXPECT_EQ(replayed.err, live.err);
  EXPECT_EQ(replayed.code, live.code);
  EXPECT_EQ(live.files.size(), 3U);
  for (const auto& [name, content] : live.files) {
    EXPECT_FALSE(content.empty()) << name;
    EXPECT_EQ(replayed.files.at(name), content) << name;
  }
}

TEST_F(RstapSum, TheReportTellsWhatTheProgramClears) {
  const std::string page = scratch_.path("page.html");
  const std::string program =
      "interval:ms:20 { @all = sum(1); @now = sum(@n); @n++; } "
      "interval:ms:300 { print(@all); print(@now); clear(@now); }";
  Program rstap(client(on(1, {"--report", page, "--bpftrace", "-e", program})));
  ASSERT_TRUE(rstap.wait_for_out_times("@now: sum of 1 host\n", 4));  // More each time.
  rstap.send_signal(SIGINT);
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::string text = read_file(page);
  const std::string of_sum = R"(,"kind":"sum","keyed":false,"asked":1,"dropped":0,"cumulative":)";
  EXPECT_NE(text.find(R"("name":"@all")" + of_sum + "true"), std::string::npos);
  EXPECT_NE(text.find(R"("name":"@now")" + of_sum + "false"), std::string::npos);
}

TEST_F(RstapSum, AFileThatCantBeWrittenTakesNothingFromTheAnswer) {
  Program folder(client(on(1, {"--report", scratch_.make_folder("there"), "--bpftrace", "-e", kCertain})));
  EXPECT_EQ(folder.wait_exit(), 2) << folder.captured();
  EXPECT_EQ(folder.err(),
            "rstap: --report: " + scratch_.path("there") + ": Is a directory; name a file that you can write\n");
  const std::string page = scratch_.path("page.html");
  Program none(client(on(1, {"--report", page, "--bpftrace", scratch_.path("nosuch.bt")})));
  EXPECT_EQ(none.wait_exit(), 2) << none.captured();
  EXPECT_FALSE(std::filesystem::exists(page));
  Program full(client(on(1, {"--report=/dev/full", "--bpftrace", "-e", kCertain})));
  EXPECT_EQ(full.wait_exit(), 1) << full.captured();
  EXPECT_NE(full.out().find("@count: 2\n"), std::string::npos) << full.captured();
  EXPECT_NE(full.err().find("rstap: --report: /dev/full: not written: No space left on device\n"), std::string::npos)
      << full.captured();
}

TEST_F(RstapSum, WhatCantBeSummedIsShownAsItIsAndThatIsSaid) {
  const std::string recording = scratch_.path("text.json");
  Program run(client(on(1, {"--record", recording, "--bpftrace", "-e", kCertain})));
  ASSERT_EQ(run.wait_exit(), 0) << run.captured();
  EXPECT_EQ(run.err().find("--sum"), std::string::npos) << run.captured();
  Program replay(client({STAPSH_CLIENT, "replay", recording, "--sum"}));
  EXPECT_EQ(replay.wait_exit(), 0) << replay.captured();
  EXPECT_NE(replay.out().find("stapsh: @count: 2\n"), std::string::npos) << replay.captured();
  EXPECT_NE(replay.err().find("rstap: nothing that was printed can be added up"), std::string::npos)
      << replay.captured();
}

}  // namespace
}  // namespace stapsh::real
