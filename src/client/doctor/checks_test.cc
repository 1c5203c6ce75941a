// SPDX-License-Identifier: Apache-2.0
#include "client/doctor/checks.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace stapsh::client {
namespace {

using namespace std::chrono_literals;
using State = Check::State;

constexpr const char* kWell =
    "tracefs:yes,btf:yes,kprobes:yes,lockdown:none,uid:0,groups:none,caps:bpf+perfmon+sys_admin+sys_module,policy:none,"
    "writable:yes,executes:yes,room:100000000,folder:/tmp";

TargetFacts well(const std::string& environment = kWell) {
  TargetFacts target{"web01", "web01", WallTime(1s), WallTime(1200ms), {}, {}};
  target.connected = event::Connected{"6.1.0", "x86_64", "stapsh 5.6", 1ms, 1ms, {}, {}};
  target.connected->runners = parse_found_runners("staprun:4.8,bpftrace:0.17.0");
  target.connected->environment = parse_environment(environment);
  target.outcome = Outcome{Outcome::Kind::kEnded, 0};
  return target;
}

const WantedRun kProgram{RunnerKind::kBpftrace, false, false, {}}, kScript{RunnerKind::kStaprun, true, false, {}};
const WantedRun kOfFunctions{RunnerKind::kBpftrace, false, false, ProbeNeeds{true, false}};
const WantedRun kOfTypes{RunnerKind::kBpftrace, false, false, ProbeNeeds{false, true}};
const HereFacts kHere{"4.8", "stap", true, {{"6.1.0", true}}};

Check row(const std::vector<Check>& checks, std::string_view name) {
  const auto found = std::ranges::find(checks, name, &Check::name);
  return found == checks.end() ? Check{name, State::kOk, "no such row", {}} : *found;
}

bool works(const std::vector<Check>& checks) { return TargetVerdict{"", "", "", checks}.works(); }

TEST(DoctorChecks, AWellTargetHasNothingToMend) {
  for (const WantedRun& wanted : {kProgram, kScript, WantedRun{}}) {
    const std::vector<Check> checks = checks_of(well(), wanted, kHere, true);
    for (const Check& check : checks) {
      EXPECT_EQ(check.state, State::kOk) << check.name << ": " << check.text;
      EXPECT_EQ(check.mend, "");
    }
    EXPECT_TRUE(works(checks));
  }
  EXPECT_EQ(row(checks_of(well(), kProgram, kHere, true), "way in").text, "answers within 0.5 s");
}

TEST(DoctorChecks, WhatTheMachineLacksIsNamedWithWhatMendsIt) {
  struct Case {
    const char* environment;
    WantedRun wanted;
    const char* name;
    State state;
    const char *text, *mend;
  };
  const Case cases[] = {
      {"tracefs:no", kProgram, "tracefs", State::kFailure, "not mounted", "mount -t tracefs"},
      {"tracefs:no", kScript, "tracefs", State::kWarning, "not mounted", "mount -t tracefs"},
      {"btf:no", kProgram, "btf", State::kWarning, "no /sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF"},
      {"kprobes:no", kProgram, "kprobes", State::kWarning, "off", "kprobes/enabled"},
      {"kprobes:no", kOfFunctions, "kprobes", State::kFailure, "attaches", "kprobes/enabled"},
      {"kprobes:no", kOfTypes, "kprobes", State::kOk, "names no function", ""},
      {"btf:no", kOfTypes, "btf", State::kFailure, "no kfunc probes", "CONFIG_DEBUG_INFO_BTF"},
      {"btf:no", kOfFunctions, "btf", State::kWarning, "knows no types", "CONFIG_DEBUG_INFO_BTF"},
      {"lockdown:integrity", kScript, "lockdown", State::kWarning, "not signed", "mokutil"},
      {"lockdown:confidentiality", kProgram, "lockdown", State::kFailure, "BPF", "lockdown="},
      {"uid:1000,caps:none", kProgram, "rights", State::kFailure, "need root", "connect as root"},
      {"uid:1000,caps:none", kScript, "rights", State::kFailure, "stapusr and stapdev", "usermod"},
      {"uid:1000,groups:stapusr+stapdev,caps:none", kScript, "rights", State::kOk, "stapusr, stapdev", ""},
      {"uid:0,caps:none", kProgram, "rights", State::kFailure, "container", "--privileged"},
      {"uid:0,caps:sys_admin", kScript, "rights", State::kFailure, "CAP_SYS_MODULE", "--cap-add=SYS_MODULE"},
      {"writable:no,folder:/t", kProgram, "folder", State::kFailure, "may not write", "chmod 1777 /t"},
      {"room:0,folder:/t", kProgram, "folder", State::kFailure, "full", "df -h /t"},
      {"executes:no,folder:/t", kProgram, "folder", State::kWarning, "noexec", "remount,exec /t"},
      {"executes:no,folder:/t",
       {RunnerKind::kStapdyn, true, false, {}},
       "folder",
       State::kFailure,
       "noexec",
       "remount,exec /t"},
      {"policy:broken", kProgram, "policy", State::kFailure, "every run is refused", "--check-policy"},
      {"policy:there", {}, "policy", State::kOk, "name a SCRIPT", ""},
      {"", kProgram, "tracefs", State::kUnknown, "not known", ""},
  };
  for (const Case& c : cases) {
    const Check check = row(checks_of(well(c.environment), c.wanted, kHere, true), c.name);
    EXPECT_EQ(check.state, c.state) << c.environment;
    EXPECT_NE(check.text.find(c.text), std::string::npos) << check.text;
    EXPECT_NE(check.mend.find(c.mend), std::string::npos) << check.mend;
  }
}

TEST(DoctorChecks, ARunnerThatIsOfNoUseIsNamed) {
  const auto runner = [](const char* runners, const WantedRun& wanted) {
    TargetFacts target = well();
    target.connected->runners = parse_found_runners(runners);
    return row(checks_of(target, wanted, kHere, true), "runner");
  };
  EXPECT_EQ(runner("staprun:4.8", kProgram).mend, "there: apt-get install bpftrace");
  EXPECT_EQ(runner("staprun:5.1", kScript).state, State::kFailure);
  EXPECT_NE(runner("bpftrace:denied", kProgram).mend.find("chmod a+rx"), std::string::npos);
  EXPECT_EQ(runner("bpftrace:denied", {}).state, State::kFailure);
  EXPECT_EQ(runner("none", {}).text, "none is there");
  EXPECT_EQ(runner("staprun:denied,bpftrace:0.17.0", {}).text, "staprun (not for its user), bpftrace 0.17.0");
}

TEST(DoctorChecks, OfSystemtapsAgentMuchIsNotKnown) {
  TargetFacts target = well();
  target.connected->runners.reset();
  target.connected->environment.reset();
  const std::vector<Check> checks = checks_of(target, kScript, kHere, true);
  EXPECT_TRUE(works(checks));
  EXPECT_EQ(row(checks, "tracefs").text, "not known (systemtap's agent)");
  target.outcome = Outcome{Outcome::Kind::kFailed, {}, "its stapsh is systemtap's (4.8), which can't start bpftrace"};
  const Check agent = row(checks_of(target, kProgram, kHere, true), "agent");
  EXPECT_EQ(agent.state, State::kFailure);
  EXPECT_NE(agent.mend.find("--bootstrap"), std::string::npos);
}

TEST(DoctorChecks, WithoutHeadersTheBuildsOwnWordsAreNotRepeated) {
  TargetFacts target = well();
  target.outcome = Outcome{Outcome::Kind::kFailed, {}, "stap failed"};
  HereFacts here = kHere;
  here.has_headers["6.1.0"] = false;
  const std::vector<Check> checks = checks_of(target, kScript, here, true);
  EXPECT_NE(row(checks, "headers").mend.find("here: apt-get install linux-headers-6.1.0"), std::string::npos);
  EXPECT_EQ(row(checks, "build").text, "no such row");
  EXPECT_EQ(row(checks_of(target, kScript, kHere, true), "build").text, "stap failed");
  EXPECT_EQ(row(checks_of(well(), WantedRun{}, here, true), "headers").state, State::kWarning);
}

}  // namespace
}  // namespace stapsh::client
