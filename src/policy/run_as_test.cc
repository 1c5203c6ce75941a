// SPDX-License-Identifier: Apache-2.0
#include "policy/run_as.h"

#include <gtest/gtest.h>

#include "policy/policy_decision.h"
#include "policy/policy_reader.h"

namespace stapsh::policy {
namespace {

constexpr Capabilities kAll = (Capabilities{1} << kCapabilityNames.size()) - 1;
constexpr Capabilities kBpf = Capabilities{1} << 39;
constexpr Capabilities kPerfmon = Capabilities{1} << 38;

const RunRequest kProgram{RunnerKind::kBpftrace, {{"./a.bt"}}, {{"a.bt", ""}}};

Gate gate_of(std::string_view text, Capabilities own) {
  Result<Policy> policy = parse_policy(text);
  EXPECT_TRUE(policy) << policy.error().what;
  return {{0, {}, ""}, *std::move(policy), {}, own};
}

TEST(RunAs, IsWhatTheLineSaysThatAllows) {
  const std::string_view text =
      "allow uid=1 runner=bpftrace user=other\n"
      "allow runner=bpftrace,stapbpf user=stapbpf caps=bpf,perfmon,bpf\n"
      "allow\n";
  const Decision decision = gate_of(text, kAll).decide(kProgram);
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.line, 2U);
  EXPECT_EQ(decision.run_as, (RunAs{"stapbpf", kBpf | kPerfmon}));
  EXPECT_EQ(gate_of(text, kAll).decide({RunnerKind::kStaprun, {{"./a.ko"}}, {}}).run_as, RunAs());
}

TEST(RunAs, AnAgentThatCantIsNoReasonToRunAsItself) {
  const std::string_view text = "allow runner=bpftrace user=stapbpf caps=bpf,perfmon\nallow\n";
  const auto reason = [&](Capabilities own) {
    const Decision decision = gate_of(text, own).decide(kProgram);
    EXPECT_FALSE(decision.allowed);
    return decision.reason;
  };
  EXPECT_EQ(reason(0), "policy line 1: user=stapbpf: the agent is not root, and can't run anything as another user");
  EXPECT_EQ(reason(kBpf | kPerfmon),
            "policy line 1: user=stapbpf: the agent is not root, and can't run anything as another user");
  EXPECT_EQ(reason(kAll & ~kPerfmon), "policy line 1: user=stapbpf: the agent lacks the capabilities for it: perfmon");
  EXPECT_EQ(reason(kAll & ~(Capabilities{1} << 8)),
            "policy line 1: user=stapbpf: the agent lacks the capabilities for it: setpcap");
  EXPECT_EQ(reason(kAll & ~(Capabilities{1} << 1)),
            "policy line 1: user=stapbpf: the agent lacks the capabilities for it: dac_override");
  EXPECT_EQ(reason(kAll & ~(Capabilities{1} << 3)),
            "policy line 1: user=stapbpf: the agent lacks the capabilities for it: fowner");
  EXPECT_TRUE(gate_of(text, kAll & ~Capabilities{1}).decide(kProgram).allowed);  // Without chown.
  EXPECT_EQ(reason(kAll & ~(Capabilities{1} << 5)),
            "policy line 1: user=stapbpf: the agent lacks the capabilities for it: kill");
}

TEST(Gate, WhatCantBeBoundedIsRefusedWhereItWouldBeAllowed) {
  Gate gate = gate_of("deny runner=staprun\nallow\n", kAll);
  gate.unbounded = "limit tasks= can't be kept: no luck";
  const Decision decision = gate.decide(kProgram);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.line, 2U);
  EXPECT_EQ(decision.reason, "policy: limit tasks= can't be kept: no luck");
  EXPECT_EQ(gate.decide({RunnerKind::kStaprun, {{"./a.ko"}}, {}}).reason, "policy line 1: deny runner=staprun");
}

TEST(RunAs, WhatCantBeMeantIsRefused) {
  const auto error = [](std::string_view line) {
    const Result<Policy> policy = parse_policy(std::string(line) + "\n");
    return policy ? "none" : policy.error().what;
  };
  EXPECT_EQ(error("allow runner=bpftrace user=stapbpf"), "none");
  const std::string root =
      "line 1, column 1: user= is for runner=stapbpf, stapdyn and bpftrace: staprun loads a module, for which it must "
      "be root";
  EXPECT_EQ(error("allow user=stapbpf"), root);
  EXPECT_EQ(error("allow runner=bpftrace,staprun user=stapbpf"), root);
  EXPECT_EQ(error("allow runner=bpftrace caps=bpf"),
            "line 1, column 1: caps= needs user=: without it a runner has all that the agent has");
  const std::string no_user = "' is no user's name; make one by useradd --system NAME";
  EXPECT_EQ(error("allow runner=bpftrace user="), "line 1, column 28: user=: '" + no_user);
  EXPECT_EQ(error("allow runner=bpftrace user=998"), "line 1, column 28: user=: '998" + no_user);
  EXPECT_EQ(error("allow runner=bpftrace user=a:b"), "line 1, column 28: user=: 'a:b" + no_user);
  EXPECT_EQ(error("allow runner=bpftrace user=" + std::string(33, 'a')),
            "line 1, column 28: user=: '" + std::string(33, 'a') + no_user);
  EXPECT_EQ(error("allow runner=bpftrace user=a caps=bpf,perfmom"),
            "line 1, column 35: caps=: 'perfmom' is no capability; say them as capabilities(7) does, in small letters "
            "without CAP_: bpf,perfmon");
  EXPECT_EQ(error("allow runner=bpftrace user=a caps="),
            "line 1, column 35: caps=: '' is no capability; say them as capabilities(7) does, in small letters "
            "without CAP_: bpf,perfmon");
  EXPECT_EQ(error("deny user=a").substr(0, 41), "line 1, column 6: 'user=a' is unknown her");
}

}  // namespace
}  // namespace stapsh::policy
