// SPDX-License-Identifier: Apache-2.0
// Every option of stap's that rstap hands on under its own name, each once with the real stap and the runner.
#include <filesystem>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

using Words = std::vector<std::string>;

class RstapBuildOptions : public RemoteTest {
 protected:
  RstapBuildOptions() { mounts_.tracing(); }

  ProgramOptions run(const std::string& build, const Words& more) const {
    Words words{STAPSH_CLIENT, "--stapsh", agent_program(), "--remote", "stapsh:", "-r", build};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"-e", "probe begin { println(\"hello\") exit() }"});
    return client(words);
  }
  ProgramOptions run_bpf(const Words& more) const {
    Words words{"--bpf"};
    words.insert(words.end(), more.begin(), more.end());
    return run(stap_.kernel_build(), words);
  }

  static std::string text_of(const Words& words) {
    std::string text;
    for (const std::string& word : words) text += word + " ";
    return text;
  }
};

TEST_F(RstapBuildOptions, ABpfModuleIsBuiltAndRunWithEach) {
  const Words cases[] = {
      {"-w", "-W"},
      {"-u"},
      {"--vp", "00001"},
      {"-P"},
      {"--prologue-searching"},
      {"--prologue-searching=never"},
      {"--skip-badvars"},
      {"--no-global-var-display"},
      {"--ldd"},
      {"--all-modules"},
      {"--compatible", "3.0"},
      {"--check-version"},
      {"-q"},
      {"--privilege=stapusr"},
      {"--unprivileged"},
      {"--sysenv", "PATH=/bin", "--sysroot", "/"},
      {"--download-debuginfo=no"},
      {"--disable-cache"},
      {"--poison-cache"},
      {"--rlimit-as=8000000000", "--rlimit-cpu=60", "--rlimit-stack=9000000", "--rlimit-fsize=100000000"},
      {"--rlimit-nproc=50000"},
      {"--use-server-on-error=no"},
      {"-uw", "--vp=1"},
  };
  for (const Words& words : cases) {
    SCOPED_TRACE(text_of(words));
    Program rstap(run_bpf(words));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_EQ(rstap.out(), "hello\n") << rstap.captured();
  }
}

TEST_F(RstapBuildOptions, AnAddedScriptRunsAsWell) {
  Program rstap(run_bpf({"-E", "probe end { println(\"added\") }", "-E", "probe end { println(\"twice\") }"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  for (const char* line : {"hello\n", "added\n", "twice\n"}) {
    EXPECT_NE(rstap.out().find(line), std::string::npos) << rstap.captured();
  }
}

TEST_F(RstapBuildOptions, AWarningIsAnError) {
  Program rstap(run_bpf({"-W", "-E", "probe end { if (0) println(1) }"}));
  EXPECT_NE(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_NE(rstap.err().find("stap does not build the script"), std::string::npos) << rstap.captured();
}

TEST_F(RstapBuildOptions, WhatIsKeptIsNamed) {
  Program rstap(run_bpf({"-k"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::string before = " are kept in ";
  const std::size_t at = rstap.err().find(before);
  ASSERT_NE(at, std::string::npos) << rstap.captured();
  const std::size_t begin = at + before.size();
  const std::string folder = rstap.err().substr(begin, rstap.err().find('\n', begin) - begin);
  EXPECT_TRUE(std::filesystem::exists(folder)) << folder;
  std::filesystem::remove_all(folder);
}

TEST_F(RstapBuildOptions, TheFifthPassIsTheRunner) {
  for (const auto& [digits, wanted] : {std::pair{"00001", false}, std::pair{"00003", true}}) {
    Program rstap(run_bpf({"--vp", digits}));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_EQ(rstap.err().find("removed fifo directory") != std::string::npos, wanted) << rstap.captured();
  }
}

// What comes of these no kernel loads: they are built, and staprun takes its words.
TEST_F(RstapBuildOptions, AKernelModuleIsBuiltWithEach) {
  const Words cases[] = {
      {"-t"},
      {"--suppress-handler-errors"},
      {"--suppress-time-limits", "-g"},
      {"-B", "CONFIG_SOMETHING=y"},
      {"--modinfo", "a=b"},
      {"--target-namespaces", "1"},
      {"-vgt", "--vp", "00001"},
  };
  Program plain(run(stap_.module_build(), {"-w"}));
  const int wanted = plain.wait_exit();
  for (const Words& words : cases) {
    SCOPED_TRACE(text_of(words));
    Words all = words;
    all.emplace_back("-w");
    Program rstap(run(stap_.module_build(), all));
    EXPECT_EQ(rstap.wait_exit(), wanted) << rstap.captured();
    EXPECT_NE(rstap.err().find("Couldn't insert module"), std::string::npos) << rstap.captured();
  }
}

}  // namespace
}  // namespace stapsh::real
