// SPDX-License-Identifier: Apache-2.0
// The options of stap under their own names: the words of the build and of the runner that each becomes, or why it is
// refused. That stap takes those words is tests/real/rstap_build_options_test.cc's to say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/build/build_arguments.h"
#include "client/cli/client_option_table.h"
#include "client/cli/command_line.h"
#include "client/run/run_arguments.h"

namespace stapsh::client {
namespace {

using Words = std::vector<std::string>;
using testing::HasSubstr;

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "|") + word;
  return text;
}

struct Taken {
  Words words;
  std::string build;   ///< Behind stap -p4.
  std::string runner;  ///< Before the module.
};

TEST(StapOptions, ReachTheBuildAndTheRunner) {
  const Taken cases[] = {
      {{"-E", "probe end {}", "-E", "probe begin {}"}, "-E|probe end {}|-E|probe begin {}", ""},
      {{"-W"}, "-W", ""},
      {{"-u"}, "-u", ""},
      {{"-t"}, "-t", ""},
      {{"-k"}, "-k", ""},
      {{"-ktu"}, "-u|-t|-k", ""},
      {{"--vp", "00001"}, "--vp|00001", ""},
      {{"--vp=00003"}, "--vp|00003", "-v|-v"},
      {{"--vp=0001", "--vp", "00002", "-vv"}, "--vp|22214", "-v|-v|-v"},
      {{"--vp=11110"}, "--vp|11110", ""},
      {{"-P"}, "-P", ""},
      {{"--prologue-searching"}, "--prologue-searching", ""},
      {{"--prologue-searching=never"}, "--prologue-searching=never", ""},
      {{"--skip-badvars"}, "--skip-badvars", ""},
      {{"--suppress-handler-errors"}, "--suppress-handler-errors", ""},
      // stap wants -g first.
      {{"--suppress-time-limits", "-g"}, "-g|--suppress-time-limits", ""},
      {{"--no-global-var-display"}, "--no-global-var-display", ""},
      {{"--ldd", "-d", "/bin/ls"}, "-d|/bin/ls|--ldd", ""},
      {{"--all-modules"}, "--all-modules", ""},
      {{"-B", "CONFIG_A=y", "-BB=n"}, "-B|CONFIG_A=y|-B|B=n", ""},
      {{"--modinfo", "a=b"}, "--modinfo=a=b", ""},
      {{"--compatible", "3.0"}, "--compatible=3.0", ""},
      {{"--check-version"}, "--check-version", ""},
      {{"-q"}, "-q", ""},
      {{"--privilege", "stapusr"}, "--privilege=stapusr", ""},
      {{"--unprivileged"}, "--unprivileged", ""},
      {{"--sign-module"}, "--sign-module", ""},
      // stap wants --sysroot first.
      {{"--sysenv=PATH=/b", "--sysroot", "/root"}, "--sysroot=/root|--sysenv=PATH=/b", ""},
      {{"--download-debuginfo"}, "--download-debuginfo", ""},
      {{"--download-debuginfo=60"}, "--download-debuginfo=60", ""},
      {{"--disable-cache"}, "--disable-cache", ""},
      {{"--poison-cache"}, "--poison-cache", ""},
      {{"--rlimit-as=1", "--rlimit-cpu=2", "--rlimit-nproc=3", "--rlimit-stack=4", "--rlimit-fsize=5"},
       "--rlimit-as=1|--rlimit-cpu=2|--rlimit-nproc=3|--rlimit-stack=4|--rlimit-fsize=5",
       ""},
      {{"--use-server"}, "--use-server", ""},
      {{"--use-server=a:1", "--use-server=b"}, "--use-server=a:1|--use-server=b", ""},
      {{"--use-server-on-error=no"}, "--use-server-on-error=no", ""},
      // The module is the same.
      {{"--target-namespaces=7"}, "", "-N|7"},
  };
  std::string untried;
  for (const OptionEntry& entry : option_table()) {
    if (entry.id >= OptionId::kTargetNamespaces) untried += entry.spelling() + " ";
  }
  for (const Taken& c : cases) {
    SCOPED_TRACE(joined(c.words));
    Words words = c.words;
    words.emplace_back("/a.stp");
    const auto options = parse_rstap_arguments(words);
    ASSERT_TRUE(options) << options.error().what;
    const KernelId kernel{"6.1.0", "x86_64"};
    EXPECT_EQ(joined(build_arguments(options->job, kernel, kernel, {}, "/b")),
              "stap|-p4|" + c.build + (c.build.empty() ? "" : "|") + "--tmpdir=/b|--|/a.stp");
    const auto runner = runner_arguments(options->job, RunnerKind::kStaprun, {1, 5}, "m.ko", 0, "h");
    ASSERT_TRUE(runner) << runner.error().what;
    EXPECT_EQ(joined(*runner), c.runner + (c.runner.empty() ? "" : "|") + "./m.ko");
    for (const PassedOption& passed : options->job.passed) {
      const std::string spelling = option_entry(passed.id).spelling() + " ";
      if (const std::size_t at = untried.find(spelling); at != std::string::npos) untried.erase(at, spelling.size());
    }
  }
  EXPECT_EQ(untried, "");
}

TEST(StapOptions, AreRefusedWithTheReason) {
  struct Case {
    Words words;
    std::string_view want;
  };
  const Case cases[] = {
      {{"--vp=x", "s"}, "--vp: 'x' is not one to five digits"},
      {{"--vp=000001", "s"}, "--vp: '000001' is not one to five digits"},
      {{"--target-namespaces=0", "s"}, "--target-namespaces: '0' is not a whole number from 1"},
      {{"--rlimit-as=1k", "s"}, "--rlimit-as: '1k' is not a whole number"},
      {{"--modinfo=a", "s"}, "--modinfo: 'a' is not NAME=VALUE"},
      {{"--sysenv=a=b", "s"}, "--sysenv needs --sysroot"},
      {{"--sysenv==b", "--sysroot=/", "s"}, "--sysenv: '=b' is not NAME=VALUE"},
      {{"--download-debuginfo=ask", "s"}, "--download-debuginfo: 'ask' is not yes, no or a number of seconds; a build"},
      {{"--privilege=root", "s"}, "--privilege: 'root' is none of stapusr, stapsys, stapdev"},
      {{"--prologue-searching=yes", "s"}, "--prologue-searching: 'yes' is none of auto, always, never"},
      {{"--use-server-on-error=x", "s"}, "--use-server-on-error: 'x' is none of yes, no"},
      {{"--suppress-time-limits", "s"}, "--suppress-time-limits needs -g"},
      {{"--bpf", "-t", "s"}, "s: stapbpf can't do -t; leave it out"},
      {{"--bpf", "-B", "a=b", "s"}, "s: stapbpf can't do -B; leave it out"},
      {{"--bpf", "--modinfo=a=b", "s"}, "s: stapbpf can't do --modinfo"},
      {{"--bpf", "--sign-module", "s"}, "s: stapbpf can't do --sign-module"},
      {{"--bpf", "--suppress-handler-errors", "s"}, "s: stapbpf can't do --suppress-handler-errors"},
      {{"--bpf", "-g", "--suppress-time-limits", "s"}, "s: stapbpf can't do --suppress-time-limits; leave it out"},
      {{"--bpf", "--target-namespaces=1", "s"}, "s: stapbpf can't do --target-namespaces"},
      {{"--ldd", "m.ko"}, "m.ko is built already: --ldd changes only the build"},
      {{"-k", "m.ko"}, "m.ko is built already: -k changes only the build"},
      {{"-t", "x.bt"}, "x.bt is a bpftrace program, of which nothing is built: -t changes only the build"},
      {{"-W", "x.bt"}, "x.bt is a bpftrace program, of which nothing is built: -W changes only the build"},
      {{"--vp=1", "x.bt"}, "x.bt: bpftrace can't do --vp"},
      {{"--monitor", "s"}, "--monitor: its window needs the terminal"},
      {{"--monitor=2", "s"}, "--monitor: its window needs the terminal"},
      {{"--tmpdir=/x", "s"}, "--tmpdir: each build has a folder of its own"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(joined(c.words));
    const auto options = parse_rstap_arguments(c.words);
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().code, Errc::kUsage);
    EXPECT_THAT(options.error().what, HasSubstr(c.want));
  }
  for (const RefusedOption& entry : refused_option_table()) {
    std::vector<std::string> spellings;
    if (entry.short_name != '\0') spellings.push_back(std::string("-") + entry.short_name);
    if (!entry.long_name.empty()) spellings.push_back("--" + std::string(entry.long_name));
    for (const std::string& spelling : spellings) {
      const auto options = parse_rstap_arguments(Words{spelling, "s"});
      ASSERT_FALSE(options) << spelling;
      EXPECT_EQ(options.error().what, spelling + ": " + std::string(entry.why));
    }
  }
}

TEST(StapOptions, WhatGuidesABuildIsRefusedWithoutOne) {
  const Words guides{"--sysroot=/r",   "--sysenv=A=b", "--download-debuginfo",  "--disable-cache", "--poison-cache",
                     "--rlimit-cpu=9", "--use-server", "--use-server-on-error", "--check-version"};
  for (const std::string program : {"m.ko", "m.bo", "x.bt"}) {
    for (const std::string& guide : guides) {
      const auto options = parse_rstap_arguments(Words{guide, program});
      ASSERT_FALSE(options) << guide;
      const std::string name = guide.substr(0, guide.find('='));
      EXPECT_THAT(options.error().what, HasSubstr(name + " changes only the build; leave it out"));
    }
  }
}

}  // namespace
}  // namespace stapsh::client
