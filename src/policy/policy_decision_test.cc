// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_decision.h"

#include <gtest/gtest.h>

#include "policy/policy_reader.h"

namespace stapsh::policy {
namespace {

const std::string kListed(64, 'a');
const std::string kOther(64, 'b');

const Peer kRoot{0, {}, ""};
const Peer kUser{1000, {}, ""};
const Peer kHost{{}, 2, ""};
const Peer kOncall{{}, {}, "oncall"};
const Peer kUnknown{};

Policy policy_of(std::string_view text) {
  Result<Policy> policy = parse_policy(text);
  EXPECT_TRUE(policy) << policy.error().what;
  for (auto& [file, digests] : policy->digests) digests.insert(kListed);
  return *std::move(policy);
}

RunRequest bpftrace(std::vector<std::string> args, const std::string& digest = kListed) {
  return {RunnerKind::kBpftrace, std::move(args), {{"a.bt", digest}}};
}

constexpr std::string_view kPolicyText =
    "deny uid=1000 runner=staprun\n"
    "allow as=oncall runner=bpftrace args=safe sha256=@/list\n"
    "allow uid=1000 args=safe command=yes\n"
    "allow cid=2 runner=stapbpf\n"
    "deny as=oncall\n"
    "allow uid=0\n";

TEST(PolicyDecision, TheFirstStatementThatMatchesDecides) {
  struct Case {
    std::string_view name;
    Peer peer;
    RunRequest request;
    std::string want;  // Begins with the line that allows, or is the refusal.
  };
  const RunRequest module{RunnerKind::kStaprun, {{"./a.ko"}}, {{"a.ko", kListed}}};
  const RunRequest bpf{RunnerKind::kStapbpf, {{"./a.bo"}}, {{"a.bo", kListed}}};
  const Case cases[] = {
      {"root", kRoot, bpftrace({"-e", "x"}), "6"},
      {"a user's module", kUser, module, "policy line 1: deny uid=1000 runner=staprun"},
      {"a user", kUser, bpftrace({"./a.bt"}), "3"},
      {"a user's command", kUser, bpftrace({"-c", "id", "./a.bt"}), "3"},
      {"a user's file", kUser, bpftrace({"-o", "x", "./a.bt"}), "policy line 3: args=safe: -o writes a file"},
      {"on call", kOncall, bpftrace({"./a.bt"}), "2"},
      {"on call, not listed", kOncall, bpftrace({"./a.bt"}, kOther),
       "policy line 2: sha256=@/list: a.bt (" + kOther + ") is not in it"},
      {"on call, code", kOncall, bpftrace({"-e", "x"}),
       "policy line 2: args=safe: -e is a program that was not sent as a file"},
      {"on call, command", kOncall, bpftrace({"-c", "id", "./a.bt"}), "policy line 2: args=safe: -c runs a command"},
      {"on call, another runner", kOncall, bpf, "policy line 5: deny as=oncall"},
      {"on call, nothing sent",
       kOncall,
       {RunnerKind::kBpftrace, {{"x"}}, {}},
       "policy line 2: sha256=@/list: no file was sent"},
      {"on call, a second file",
       kOncall,
       {RunnerKind::kBpftrace, {{"./a.bt"}}, {{"a.bt", kListed}, {"b.bt", kOther}}},
       "policy line 2: sha256=@/list: b.bt (" + kOther + ") is not in it"},
      {"the host", kHost, bpf, "4"},
      {"the host, another runner", kHost, bpftrace({}), "policy: no line allows bpftrace to cid 2"},
      {"nobody knows who", kUnknown, bpf, "policy: no line allows stapbpf to one of whom nothing is known"},
      {"arguments not known yet", kOncall, {RunnerKind::kBpftrace, {}, {{"a.bt", ""}}}, "2"},
      {"arguments not known yet, another runner",
       kOncall,
       {RunnerKind::kStapbpf, {}, {{"a.bo", ""}}},
       "policy line 5: deny as=oncall"},
      {"a digest not known yet", kOncall, bpftrace({"-e", "x"}, ""),
       "policy line 2: args=safe: -e is a program that was not sent as a file"},
  };
  const Policy policy = policy_of(kPolicyText);
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Decision decision = decide(policy, c.peer, c.request);
    EXPECT_EQ(decision.allowed ? std::to_string(decision.line) : decision.reason, c.want);
  }
}

TEST(PolicyDecision, WithoutWhoAStatementIsAboutEverybody) {
  EXPECT_TRUE(decide(policy_of("allow\n"), kUnknown, bpftrace({"-e", "x"})).allowed);
  EXPECT_TRUE(decide(policy_of("allow runner=bpftrace\n"), kOncall, bpftrace({"-e", "x"})).allowed);
  EXPECT_FALSE(decide(policy_of("deny\nallow\n"), kRoot, bpftrace({"./a.bt"})).allowed);
  EXPECT_FALSE(decide(policy_of(""), kRoot, bpftrace({"./a.bt"})).allowed);
}

// A key with --as in root's authorized_keys is no key of root.
TEST(PolicyDecision, WhoHasANameIsNoUser) {
  EXPECT_EQ(decide(policy_of("allow uid=0\n"), kOncall, bpftrace({"./a.bt"})).reason,
            "policy: no line allows bpftrace to as oncall");
}

TEST(PolicyDecision, ABrokenPolicyAllowsNothing) {
  const Gate gate{kRoot, policy_of("allow\n"), "/etc/stapsh/policy: others may write it"};
  const Decision decision = gate.decide(bpftrace({"./a.bt"}));
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.reason, "policy: /etc/stapsh/policy: others may write it");
}

}  // namespace
}  // namespace stapsh::policy
