// SPDX-License-Identifier: Apache-2.0
#include "session/runner_check.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

TEST(RunnerCheck, SaysWhatCantWorkAndWhatToDo) {
  struct Case {
    std::string_view runners;
    RunnerKind kind;
    std::string_view built_by, want;
  };
  const Case cases[] = {
      {"bpftrace:0.17.0", RunnerKind::kBpftrace, "", ""},
      {"bpftrace:unknown", RunnerKind::kBpftrace, "", ""},
      {"bpftrace:0.17.0", RunnerKind::kStapdyn, "", "it has no stapdyn; install systemtap with dyninst there"},
      {"none", RunnerKind::kBpftrace, "", "it has no bpftrace; install bpftrace there"},
      {"bpftrace:denied", RunnerKind::kBpftrace, "",
       "its user may not execute bpftrace; give the user the right to execute it, or connect as root"},
      {"staprun:denied", RunnerKind::kStaprun, "4.8",
       "its user may not execute staprun; add the user to the group stapusr, or connect as root"},
      {"staprun:4.8", RunnerKind::kStaprun, "4.8", ""},
      {"staprun:5.6", RunnerKind::kStaprun, "5.0", ""},
      {"staprun:5.6", RunnerKind::kStaprun, "", ""},
      {"staprun:unknown", RunnerKind::kStaprun, "4.8", ""},
      {"staprun:5.6", RunnerKind::kStaprun, "4.9",
       "the module was built by systemtap 4.9, and its staprun is 5.6: they don't understand each other across 5.0; "
       "build it by systemtap 5.0 or later, or install one before 5.0 there"},
      {"staprun:4.8", RunnerKind::kStaprun, "5.6",
       "the module was built by systemtap 5.6, and its staprun is 4.8: they don't understand each other across 5.0; "
       "build it by systemtap before 5.0, or install 5.0 or later there"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.runners);
    EXPECT_EQ(why_it_cant_run(parse_found_runners(c.runners), c.kind, c.built_by), c.want);
  }
}

}  // namespace
}  // namespace stapsh
