// SPDX-License-Identifier: Apache-2.0
// An AgentSession with a policy: what it refuses, when, and that nothing was started for it.
#include <gtest/gtest.h>

#include "policy/policy_reader.h"
#include "session/agent_driver.h"

namespace stapsh {
namespace {

// Of "abc", as FIPS 180-4 has it.
constexpr std::string_view kDigestOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

AgentSettings with_policy(std::string_view text, policy::Peer peer = {{}, {}, "oncall"}) {
  AgentSettings settings;
  settings.identity = {"5.6", "x86_64", "6.1"};
  Result<policy::Policy> policy = policy::parse_policy(text);
  EXPECT_TRUE(policy) << policy.error().what;
  for (auto& [file, digests] : policy->digests) digests.emplace(kDigestOfAbc);
  settings.gate = policy::Gate{std::move(peer), *std::move(policy), {}, ~policy::Capabilities{}};
  return settings;
}

constexpr std::string_view kApproved = "deny as=guest\nallow as=oncall runner=bpftrace args=safe sha256=@/list\n";

TEST(PolicyGate, AnApprovedProgramRuns) {
  AgentDriver agent(with_policy(kApproved));
  EXPECT_EQ(agent.run({"say stap 5.6", "bytes file 3 a.bt\\nabc", "say run -q ./a.bt"}),
            "stapsh 5.6 x86_64 6.1; create a.bt 3; write abc; commit; OK; start bpftrace [-q,./a.bt]; OK");
}

TEST(PolicyGate, AnotherProgramDoesNot) {
  AgentDriver agent(with_policy(kApproved));
  EXPECT_EQ(
      agent.run({"say stap 5.6", "bytes file 3 a.bt\\nabd", "say run -q ./a.bt"}),
      "stapsh 5.6 x86_64 6.1; create a.bt 3; write abd; commit; OK; ERROR: refused: policy line 2: sha256=@/list: "
      "a.bt (a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9) is not in it");
}

TEST(PolicyGate, ArgumentsCountHoweverTheyCome) {
  AgentDriver agent(with_policy(kApproved));
  EXPECT_EQ(
      agent.run({"say stap 5.6", "bytes file 3 a.bt\\nabc", "bytes arg 8\\n--unsafe", "say run ./a.bt"}),
      "stapsh 5.6 x86_64 6.1; create a.bt 3; write abc; commit; OK; OK; ERROR: refused: policy line 2: args=safe: "
      "--unsafe lets a program run commands");
}

TEST(PolicyGate, WhatNothingWouldMakeRightIsNotWritten) {
  AgentDriver agent(with_policy(kApproved));
  EXPECT_EQ(agent.run({"say stap 5.6", "bytes file 3 a.ko\\nabc", "say run ./a.ko"}),
            "stapsh 5.6 x86_64 6.1; ERROR: refused: policy: no line allows staprun to as oncall; "
            "ERROR: refused: policy: no line allows staprun to as oncall");
  // Nor is it another run without it.
  AgentDriver other(with_policy("deny runner=stapdyn\nallow\n"));
  EXPECT_EQ(other.run({"say stap 5.6", "bytes file 3 a.so\nabc", "say run ./a.so"}),
            "stapsh 5.6 x86_64 6.1; ERROR: refused: policy line 1: deny runner=stapdyn; "
            "ERROR: refused: policy line 1: deny runner=stapdyn");
  AgentDriver guest(with_policy(kApproved, {{}, {}, "guest"}));
  EXPECT_EQ(guest.run({"say stap 5.6", "bytes file 3 a.bt\\nabc"}),
            "stapsh 5.6 x86_64 6.1; ERROR: refused: policy line 1: deny as=guest");
}

// Which runner it is may be said after the files.
TEST(PolicyGate, AnOptionThatChangesTheRunnerIsSeen) {
  AgentDriver agent(with_policy(kApproved));
  EXPECT_EQ(agent.run({"say stap 5.6", "bytes file 3 a.bt\\nabc", "say option bpf", "say run ./a.bt"}),
            "stapsh 5.6 x86_64 6.1; create a.bt 3; write abc; commit; OK; OK; "
            "ERROR: refused: policy: no line allows stapbpf to as oncall");
}

// Its name can't be the program's: it was never whole.
TEST(PolicyGate, AFileThatFailedWasNotSent) {
  AgentDriver agent(with_policy("allow args=safe\n"));
  EXPECT_EQ(agent.run({"say stap 5.6", "commit fails", "bytes file 3 a.bt\\nabc", "say run ./a.bt"}),
            "stapsh 5.6 x86_64 6.1; create a.bt 3; write abc; commit; abandon; ERROR: file a.bt: no luck; "
            "ERROR: refused: policy line 1: args=safe: the program './a.bt' is not ./NAME of a file that was sent");
}

TEST(PolicyGate, TheRfcDialectIsRefusedAsWell) {
  AgentDriver agent(with_policy("deny runner=staprun\nallow\n"));
  EXPECT_EQ(agent.run({"say stap 1.4", "say run"}),
            "stapsh 5.6 x86_64 6.1; report refused: policy line 1: deny runner=staprun; clean up; end 1");
}

TEST(PolicyGate, ABrokenPolicyRefusesAndSaysWhy) {
  AgentSettings settings = with_policy("allow\n");
  settings.gate->broken = "/etc/stapsh/policy: others may write it";
  AgentDriver agent(std::move(settings));
  EXPECT_EQ(agent.run({"say stap 5.6", "say run"}),
            "stapsh 5.6 x86_64 6.1; log refused: policy: /etc/stapsh/policy: others may write it; "
            "ERROR: refused: policy: /etc/stapsh/policy: others may write it");
}

// With digests, though no line asks for them.
TEST(PolicyGate, WhatIsLoggedHasAStartAndAnEnd) {
  AgentDriver agent(with_policy("log auth\nallow as=oncall\n"));
  EXPECT_EQ(agent.run({"say stap 5.6", "bytes file 3 a.bt\\nabc", "say run ./a.bt"}),
            "stapsh 5.6 x86_64 6.1; create a.bt 3; write abc; commit; OK; start bpftrace [./a.bt] logged; OK");
  EXPECT_EQ(agent.logged.size(), 1U);
  EXPECT_EQ(agent.logged[0].files, (std::vector<policy::UploadedFile>{{"a.bt", std::string(kDigestOfAbc)}}));
  EXPECT_EQ(agent.logged[0].args, std::vector<std::string>{"./a.bt"});
  EXPECT_EQ(agent.logged[0].who, "as=oncall");
  AgentDriver with_variable(with_policy("log auth\nallow as=oncall\n"));
  with_variable.run(
      {"say stap 5.6", "say option env=BPFTRACE_STRLEN=3d64", "bytes file 3 a.bt\\nabc", "say run ./a.bt"});
  EXPECT_EQ(with_variable.logged.at(0).environment, std::vector<std::string>{"BPFTRACE_STRLEN=64"});
  EXPECT_EQ(agent.logged[0].asked, policy::Logging::kAuth);
  agent.left = {{"module", "x"}};
  EXPECT_EQ(agent.run({"dies 9", "gone", "drained"}),
            "clean up; log ended 137 by signal 9 line 2, left module x; report left behind: module x; end 137");
}

TEST(PolicyGate, WhatIsStoppedIsLoggedWithWhy) {
  AgentDriver agent(with_policy("log auth required\nallow\n"));
  EXPECT_EQ(agent.run({"say stap 5.6", "say option data", "say run x"}),
            "stapsh 5.6 x86_64 6.1; OK; start staprun [x] framed logged; OK");
  EXPECT_EQ(agent.logged[0].asked, policy::Logging::kRequired);
  EXPECT_EQ(agent.run({"stop", "exit 0", "gone", "drained"}),
            "signal 1; clean up; log ended 0 line 2: signal 15, clean; quit; end 0");
}

TEST(PolicyGate, WhatCanNotStartIsLogged) {
  AgentDriver agent(with_policy("log auth\nallow\n"));
  EXPECT_EQ(
      agent.run({"say stap 5.6", "start fails", "say run x", "say quit"}),
      "stapsh 5.6 x86_64 6.1; start staprun [x] logged; log failed line 2: no luck; ERROR: run: no luck; clean up; "
      "end 0");
  AgentDriver unable(with_policy("log auth\nallow\n"));
  EXPECT_EQ(unable.run({"say stap 5.6", "start unable", "say run x"}),
            "stapsh 5.6 x86_64 6.1; start staprun [x] logged; ERROR: no luck; log failed line 2: no luck; clean up; "
            "end 1");
  // It is started, and then it isn't: its end says so.
  AgentDriver late(with_policy("log auth\nallow\n"));
  EXPECT_EQ(
      late.run({"say stap 5.6", "late fail", "say run x", "drained"}),
      "stapsh 5.6 x86_64 6.1; start staprun [x] logged; OK; report no luck; clean up; log ended 127 line 2, clean; "
      "end 127");
}

TEST(PolicyGate, RefusalsAreLoggedWhereverTheyCome) {
  AgentDriver agent(with_policy("log auth\ndeny runner=stapdyn\nallow args=safe\n"));
  EXPECT_EQ(
      agent.run({"say stap 5.6", "say check a.bt:" + std::string(kDigestOfAbc) + " -e x", "bytes file 3 a.so\\nabc",
                 "say run -e"}),
      "stapsh 5.6 x86_64 6.1; "
      "log refused line 3: policy line 3: args=safe: -e is a program that was not sent as a file; "
      "ERROR: refused: policy line 3: args=safe: -e is a program that was not sent as a file; "
      "log refused line 2: policy line 2: deny runner=stapdyn; ERROR: refused: policy line 2: deny runner=stapdyn; "
      "ERROR: refused: policy line 2: deny runner=stapdyn");
  EXPECT_EQ(agent.logged.size(), 2U);
  EXPECT_EQ(agent.logged[1].files.front().name, "a.so");
}

TEST(PolicyGate, WhoIsRefusedAgainAndAgainFillsNoLog) {
  AgentDriver agent(with_policy("log auth\n"));
  agent.run({"say stap 5.6"});
  for (int i = 0; i < 19; ++i) EXPECT_TRUE(agent.run({"say run"}).starts_with("log refused"));
  EXPECT_TRUE(agent.run({"say run"})
                  .starts_with("log refused: policy: no line allows staprun to as oncall; further ones of this session "
                               "are not logged; ERROR"));
  EXPECT_TRUE(agent.run({"say run"}).starts_with("ERROR: refused: "));
}

// Who signed is said by the driver, in the place of ssh-keygen.
class SignedRun : public testing::Test {
 protected:
  static AgentDriver agent(std::string_view policy) {
    AgentSettings settings = with_policy(policy);
    settings.gate->nonce = "n0nce";
    AgentDriver driver(settings);
    driver.run({"say stap 5.6"});
    return driver;
  }
  static std::string manifest(const std::string& nonce = "n0nce", const std::string& more = "") {
    const std::string text = "stapsh-manifest 1\nnonce " + nonce +
                             "\ntarget web07\nuntil 1790000000\nrunner bpftrace\nfile " + std::string(kDigestOfAbc) +
                             " a.bt\narg ./a.bt\n" + more + "-----BEGIN SSH SIGNATURE-----\n";
    return "bytes manifest " + std::to_string(text.size()) + "\\n" + escape(text);
  }
  static constexpr std::string_view kFile = "bytes file 3 a.bt\\nabc", kRun = "say run ./a.bt";
  const std::string check_ = "say check a.bt:" + std::string(kDigestOfAbc) + " ./a.bt";
};

TEST_F(SignedRun, ByAnOperatorRuns) {
  AgentDriver bob = agent("allow operator=bob\n");
  bob.signers = {{{"bob"}, {}, false}};
  EXPECT_EQ(bob.run({"say option nonce", manifest(), check_, kFile, kRun}),
            "OK nonce=n0nce; OK; verify manifest; OK; create a.bt 3; write abc; commit; OK; verify; start bpftrace "
            "[./a.bt]; OK");
  // Its time is asked each time.
  AgentDriver late = agent("allow operator=bob\n");
  late.signers = {{{"bob"}, {}, false}};
  late.run({manifest(), check_, kFile});
  late.wall += std::chrono::seconds(1);
  EXPECT_EQ(
      late.run({kRun}),
      "verify; ERROR: refused: policy line 1: operator=bob: the manifest was valid until 1 s ago, by the clock there");
}

TEST_F(SignedRun, ByNobodyDoesNot) {
  const std::string refused = "ERROR: refused: policy line 1: operator=bob: ";
  EXPECT_EQ(
      agent("allow operator=bob\n").run({kFile, kRun}),
      "create a.bt 3; write abc; commit; OK; " + refused + "the run is not signed; rstap --sign-key KEY signs it");
  AgentDriver wrong = agent("allow operator=bob\n");
  wrong.signers = {{{}, "no key of his", false}};
  EXPECT_EQ(wrong.run({manifest(), check_}), "OK; verify manifest; " + refused + "no key of his");
  AgentDriver unasked = agent("allow operator=bob\n");  // Fewer answers than questions.
  EXPECT_EQ(unasked.run({manifest(), check_}), "OK; verify manifest; " + refused + "nobody could say who signed it");
  AgentDriver replay = agent("allow operator=bob\n");
  replay.signers = {{{"bob"}, {}, false}};
  EXPECT_EQ(replay.run({manifest("other"), check_}),
            "OK; verify manifest; " + refused + "the manifest is of another session (its nonce)");
  EXPECT_EQ(agent("allow operator=bob\n").run({manifest("n0nce", "x\n")}),
            "ERROR: manifest, line 8: 'file', 'arg' or 'env' must stand here, in this order");
  AgentDriver added = agent("allow operator=bob\n");  // By who carries the bytes.
  added.signers = {{{"bob"}, {}, false}};
  EXPECT_EQ(added.run({"say option env=BPFTRACE_STRLEN=3d9", manifest(), check_}),
            "OK; OK; verify manifest; " + refused + "the manifest is of other variables (option env)");
  // A session without a nonce has no run that could be signed.
  AgentDriver none(with_policy("allow operator=bob\n"));
  none.signers = {{{"bob"}, {}, false}};
  EXPECT_EQ(none.run({"say stap 5.6", "say option nonce", manifest(), check_}),
            "stapsh 5.6 x86_64 6.1; OK; OK; " + refused + "the run is not signed; rstap --sign-key KEY signs it");
}

TEST_F(SignedRun, EachFileIsAskedAfterOnceItHasCome) {
  const std::string_view policy = "allow as=oncall args=safe signed=release\nallow as=guest args=safe signed=guests\n";
  AgentDriver release = agent(policy);
  release.signers = {{{"release"}, {}, false}};
  EXPECT_EQ(
      release.run({check_, "bytes signature 1 a.bt\\nx", check_, kFile, kRun}),
      "ERROR: refused: policy line 1: signed=release: a.bt: is not signed; OK; OK; create a.bt 3; write abc; commit; "
      "OK; verify a.bt; start bpftrace [./a.bt]; OK");
  AgentDriver two = agent(policy);
  two.signers = {{{"release"}, {}, false}};
  EXPECT_EQ(two.run({"bytes signature 1 a.bt\\nx", kFile, "bytes file 3 b.h\\nabd", kRun}),
            "OK; create a.bt 3; write abc; commit; OK; create b.h 3; write abd; commit; OK; verify a.bt; "
            "ERROR: refused: policy line 1: signed=release: b.h: is not signed");
  EXPECT_EQ(agent(policy).run({"say signature 0 ../b", "say signature 17000 b"}),
            "ERROR: signature: file: bad name '../b': a plain file name of letters, digits and ._+- is needed, without "
            "a folder; "
            "ERROR: signature: 17000 bytes; it has at most 16384; clean up; end 1");
}

TEST_F(SignedRun, WhoStopsMeanwhileIsNotWaitedFor) {
  AgentDriver stopped = agent("allow operator=bob\n");
  stopped.verifies_at_once = false;
  EXPECT_EQ(stopped.run({manifest(), check_, "stop"}), "OK; verify manifest; clean up; end 0");
  stopped.session.on_signatures_verified({{{"bob"}, {}, false}}, stopped.wall, stopped.now);
  EXPECT_FALSE(stopped.session.next_effect());
}

TEST(PolicyGate, ItCanBeAskedBeforeAnythingIsSent) {
  const std::string digest(kDigestOfAbc);
  AgentDriver agent(with_policy(kApproved));
  EXPECT_EQ(agent.run({"say stap 5.6", "say option policy", "say check a.bt:" + digest + " -q ./a.bt",
                       "say check a.bt:" + digest + " -e x", "say check a.bt:" + std::string(64, '0') + " ./a.bt",
                       "say check a.ko:" + digest + " ./a.ko", "say check a.bt ./a.bt"}),
            "stapsh 5.6 x86_64 6.1; OK policy=yes; OK; "
            "ERROR: refused: policy line 2: args=safe: -e is a program that was not sent as a file; "
            "ERROR: refused: policy line 2: sha256=@/list: a.bt (" +
                std::string(64, '0') +
                ") is not in it; ERROR: refused: policy: no line allows staprun to as oncall; "
                "ERROR: check: needs its files, each as NAME:SHA256, with commas between them");
}

}  // namespace
}  // namespace stapsh
