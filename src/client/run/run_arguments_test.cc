// SPDX-License-Identifier: Apache-2.0
// The rows marked "recorded" are what stap 4.8 sent, but for -x, which it spells -t.
#include "client/run/run_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/command_line.h"

namespace stapsh::client {
namespace {

using Words = std::vector<std::string>;
using testing::HasSubstr;

JobOptions job(const Words& words) {
  const auto options = parse_rstap_arguments(words);
  EXPECT_TRUE(options) << options.error().what;
  return options ? options->job : JobOptions{};
}

struct Case {
  Words command_line;
  RunnerKind runner;
  AgentVersion version;
  std::string_view module;
  std::string want;  ///< The words with a '|' between them, or the error.
};

std::string joined(const Result<Words>& words) {
  if (!words) return words.error().what;
  std::string text;
  for (const std::string& word : *words) text += (text.empty() ? "" : "|") + word;
  return text;
}

TEST(RunArguments, StandInTheReleasedOrder) {
  constexpr RunnerKind kKernel = RunnerKind::kStaprun, kBpf = RunnerKind::kStapbpf, kDyninst = RunnerKind::kStapdyn,
                       kBpftrace = RunnerKind::kBpftrace;
  const Case cases[] = {
      // Recorded.
      {{"a.stp"}, kKernel, {4, 8}, "m.ko", "-R|./m.ko|-r|3:h0"},
      {{"-w", "a.stp"}, kKernel, {1, 4}, "m.ko", "-w|./m.ko"},
      {{"-w", "a.stp"}, kKernel, {1, 5}, "m.ko", "-w|./m.ko"},
      {{"-w", "a.stp"}, kKernel, {1, 6}, "m.ko", "-w|-R|./m.ko"},
      {{"-w", "a.stp"}, kKernel, {1, 7}, "m.ko", "-w|-R|./m.ko|-r|3:h0"},
      {{"-w", "-m", "m", "a.stp"}, kKernel, {1, 7}, "m.ko", "-w|./m.ko|-r|3:h0"},
      {{"-vvv", "-w", "-o", "o", "-c", "ls -l", "-s4", "-S3,2", "-Gg=3", "-Gg=4", "-T9", "--color", "a.stp"},
       kKernel,
       {4, 8},
       "m.ko",
       "-v|-v|-w|-o|o|-c|ls -l|-b|4|-R|-S|3,2|-C|always|./m.ko|g=3|g=4|-r|3:h0"},
      {{"-x77", "-b", "-o", "f", "a.stp"}, kKernel, {4, 8}, "m.ko", "-o|f|-x|77|-R|./m.ko|-r|3:h0"},
      {{"--color=auto", "a.stp"}, kKernel, {4, 8}, "m.ko", "-R|./m.ko|-r|3:h0"},
      {{"--bpf", "-vvv", "-w", "-c", "ls -l", "-o", "f", "--color", "a.stp"},
       kBpf,
       {4, 8},
       "m.bo",
       "-v|-v|-w|-c|ls -l|-o|f|./m.bo"},
      {{"--bpf", "-v", "-x", "44", "-m", "m", "a.stp"}, kBpf, {5, 6}, "m.bo", "-x|44|./m.bo"},
      // Not recorded.
      {{"--bpf", "-T9", "a.stp", "arg"}, kBpf, {5, 6}, "m.bo", "./m.bo"},
      {{"--dyninst", "-vv", "-Gg=1", "-C", "never", "a.stp"}, kDyninst, {5, 6}, "m.so", "-v|-C|never|./m.so|g=1"},
      {{"--runner-arg=-N", "--runner-arg=5", "a.stp"}, kKernel, {5, 6}, "m.ko", "-R|-N|5|./m.ko|-r|3:h0"},
      {{"m.ko", "g=1", "-G", "h=2"}, kKernel, {5, 6}, "m.ko", "-R|./m.ko|h=2|g=1|-r|3:h0"},
      {{"-l", "k:vfs_*"}, kBpftrace, {5, 6}, "list.bt", "-l|k:vfs_*"},
      {{"-L", "k:vfs_*", "-w", "-x5", "--runner-arg=-k"},
       kBpftrace,
       {5, 6},
       "list.bt",
       "--no-warnings|-p|5|-k|-lv|k:vfs_*"},
      {{"-vv", "-w", "-x", "5", "-o", "f", "x.bt", "a", "b"},
       kBpftrace,
       {5, 6},
       "x.bt",
       "-v|--no-warnings|-p|5|-o|f|./x.bt|a|b"},
      {{"x.bt", "--", "-v", "b"}, kBpftrace, {5, 6}, "x.bt", "--|./x.bt|-v|b"},
      {{"-c", "ls", "x.bt"}, kBpftrace, {5, 6}, "x.bt", "-c|ls|./x.bt"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(joined(c.command_line));
    EXPECT_EQ(joined(runner_arguments(job(c.command_line), c.runner, c.version, c.module, 3, "h0")), c.want);
  }
}

TEST(RunArguments, BpftraceIsGivenItsOwnOptionsAndWhereHeadersAre) {
  const JobOptions given = job({"-p7", "-f", "json", "-q", "-B", "none", "--unsafe", "-kk", "-w", "-T3", "-Ii",
                                "--include", "d/a.h", "x.bt", "1"});
  EXPECT_EQ(joined(runner_arguments(given, RunnerKind::kBpftrace, {5, 6}, "x.bt", 0, "h0", "/w")),
            "--no-warnings|-p|7|-f|json|-q|-B|none|--unsafe|-k|-k|-I|/w|--include|/w/a.h|/w/x.bt|1");
}

TEST(RunArguments, WhatARunnerLacksIsRefusedByName) {
  constexpr RunnerKind kKernel = RunnerKind::kStaprun, kBpf = RunnerKind::kStapbpf;
  const Case cases[] = {
      // Others than the words told: --stap-arg=--runtime=bpf.
      {{"-s", "4", "a.stp"}, kBpf, {5, 6}, "m.bo", "m.bo: stapbpf can't do -s; leave it out"},
      {{"-o", "f", "-S4", "a.stp"}, kBpf, {5, 6}, "m.bo", "stapbpf can't do -S"},
      {{"-b", "a.stp"}, kBpf, {5, 6}, "m.bo", "stapbpf can't do -b"},
      {{"-Gg=1", "a.stp"}, kBpf, {5, 6}, "m.bo", "stapbpf can't do -G; give the script an argument"},
      {{"m.bo", "x"}, kBpf, {5, 6}, "m.bo", "m.bo: stapbpf takes no arguments, so 'x' can't reach the module"},
      {{"m.ko", "x"}, kKernel, {5, 6}, "m.ko", "m.ko: staprun takes only GLOBAL=VALUE after the module, not 'x'"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(joined(c.command_line));
    const auto options = parse_rstap_arguments(c.command_line);
    const auto words = options ? runner_arguments(options->job, c.runner, c.version, c.module, 0, "h0")
                               : Result<Words>(fail(options.error()));
    ASSERT_FALSE(words);
    EXPECT_EQ(words.error().code, Errc::kUsage);
    EXPECT_THAT(words.error().what, HasSubstr(c.want));
  }
}

TEST(RunArguments, APlanSaysWhereItIsBuilt) {
  const auto plan = [](const Words& words, RunnerKind runner, std::string_view module) {
    const auto options = parse_rstap_arguments(words);
    EXPECT_TRUE(options) << options.error().what;
    return options ? plan_text(*options, runner, module, "6.1.0-56-amd64", "x86_64") : std::string();
  };
  const std::string_view run = "would run staprun with a.ko on 6.1.0-56-amd64 x86_64, ";
  EXPECT_EQ(plan({"a.stp"}, RunnerKind::kStaprun, "a.ko"), std::string(run) + "built for it here");
  EXPECT_EQ(plan({"--build-on=db7", "--remote=web1", "a.stp"}, RunnerKind::kStaprun, "a.ko"),
            std::string(run) + "built for it on db7");
  EXPECT_EQ(plan({"a.ko"}, RunnerKind::kStaprun, "a.ko"), std::string(run) + "ready made");
}

}  // namespace
}  // namespace stapsh::client
