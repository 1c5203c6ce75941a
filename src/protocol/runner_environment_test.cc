// SPDX-License-Identifier: Apache-2.0
#include "protocol/runner_environment.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace stapsh {
namespace {

TEST(RunnerEnvironment, OnlyWhatIsOnTheListIsGiven) {
  EXPECT_TRUE(check_runner_variable("BPFTRACE_STRLEN=128", RunnerKind::kBpftrace));
  EXPECT_TRUE(check_runner_variable("BPFTRACE_STR_TRUNC_TRAILER=", RunnerKind::kBpftrace));
  EXPECT_TRUE(check_runner_variable("BPFTRACE_STR_TRUNC_TRAILER= a=b ", RunnerKind::kBpftrace));
  struct Case {
    std::string text, want;
  };
  const Case cases[] = {
      {"LD_PRELOAD=/x.so", "LD_PRELOAD: no runner is given it; those that bpftrace is given are in rstap(1)"},
      {"PATH=/x", "PATH: no runner is given it; those that bpftrace is given are in rstap(1)"},
      {"SYSTEMTAP_STAPRUN=/x",
       "SYSTEMTAP_STAPRUN: no runner is given it; those that bpftrace is given are in rstap(1)"},
      {"BPFTRACE_VMLINUX=/x", "BPFTRACE_VMLINUX: no runner is given it; those that bpftrace is given are in rstap(1)"},
      {"BPFTRACE_STRLEN", "'BPFTRACE_STRLEN' is not NAME=VALUE"},
      {"=1", "'=1' is not NAME=VALUE"},
      {"", "'' is not NAME=VALUE"},
      {"BPFTRACE_STRLEN=1\n2", "BPFTRACE_STRLEN: a control character in its value"},
      {std::string("BPFTRACE_STRLEN=1\0", 18), "BPFTRACE_STRLEN: a control character in its value"},
      {"BPFTRACE_STRLEN=" + std::string(256, '1'), "BPFTRACE_STRLEN: a value of 256 bytes, over 255"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<> checked = check_runner_variable(c.text);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().what, c.want);
  }
  for (const RunnerKind kind : {RunnerKind::kStaprun, RunnerKind::kStapbpf, RunnerKind::kStapdyn}) {
    const Result<> checked = check_runner_variable("BPFTRACE_STRLEN=128", kind);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().what, "BPFTRACE_STRLEN: " + std::string(runner_name(kind)) + " is not given it");
  }
}

TEST(RunnerEnvironment, TheListIsSortedAndHarmless) {
  for (const RunnerEntry& runner : kRunnerTable) {
    const auto names = runner_variables(runner.kind);
    EXPECT_TRUE(std::ranges::is_sorted(names));
    for (const std::string_view name : names) EXPECT_TRUE(name.starts_with("BPFTRACE_")) << name;
  }
}

}  // namespace
}  // namespace stapsh
