// SPDX-License-Identifier: Apache-2.0
// An AgentSession whose client says the digests of its files: verified, kept, and taken again.
#include <gtest/gtest.h>

#include "policy/policy_reader.h"
#include "session/agent_driver.h"

namespace stapsh {
namespace {

// Of "abc", as FIPS 180-4 has it.
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kOther(64, '0');
const std::string kHave = "say have " + kAbc + " a.bt";

// Said hello, and was granted `options`.
AgentDriver agent_with(std::initializer_list<std::string_view> options, AgentSettings settings = {}) {
  settings.identity = {"5.6", "x86_64", "6.1"};
  AgentDriver agent(std::move(settings));
  agent.step("say stap 5.6");
  for (const std::string_view option : options) agent.step("say option " + std::string(option));
  (void)agent.take_text();
  return agent;
}

TEST(AgentSessionFiles, AFileIsVerifiedBeforeItsOk) {
  AgentDriver agent = agent_with({"digest"});
  EXPECT_EQ(
      agent.run({"bytes file 3 a.bt " + kAbc + "\\nabc", "bytes file 3 b.bt " + kOther + "\\nabc", "say run ./a.bt"}),
      "create a.bt 3; write abc; commit; OK; "
      "create b.bt 3; write abc; commit; abandon; ERROR: file b.bt: what came has the SHA256 ba7816bf8f01..., and "
      "not 000000000000...: it was changed on its way; send it again; "
      "start bpftrace [./a.bt]; OK");
}

TEST(AgentSessionFiles, AnySplitVerifies) {
  AgentDriver agent = agent_with({"digest"});
  for (const char c : "file 3 a.bt " + kAbc + "\nabc") agent.feed({&c, 1});
  EXPECT_EQ(agent.take_text(), "create a.bt 3; write abc; commit; OK");
  AgentDriver empty = agent_with({"digest"});
  EXPECT_EQ(empty.run({"say file 0 a.bt e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                       "say file 0 b.bt " + kAbc}),
            "create a.bt 0; commit; OK; create b.bt 0; commit; abandon; ERROR: file b.bt: what came has the SHA256 "
            "e3b0c44298fc..., and not ba7816bf8f01...: it was changed on its way; send it again");
}

TEST(AgentSessionFiles, TheFirstFaultCounts) {
  for (const std::string what : {"create", "write", "commit"}) {
    AgentDriver agent = agent_with({"digest", "keep"});
    agent.step(what + " fails");
    const std::string text = agent.run({"bytes file 3 b.bt " + kOther + "\\nabc", "say ping"});
    EXPECT_TRUE(text.ends_with("abandon; ERROR: file b.bt: no luck")) << text;
  }
}

TEST(AgentSessionFiles, WithoutTheOptionADigestIsAWordTooMany) {
  AgentDriver agent = agent_with({});
  EXPECT_EQ(agent.run({"bytes file 3 a.bt " + kAbc + "\\nabc", kHave, "say option keep"}),
            "ERROR: file: needs a size and a name; ERROR: have: say option digest first; "
            "ERROR: option keep: say option digest first");
  AgentDriver verifying = agent_with({"digest"});
  EXPECT_EQ(verifying.run({"bytes file 3 a.bt ABC\\nabc", "bytes file 3 a.bt " + kAbc + " x\\nabc", kHave,
                           "say have " + kAbc, "say have abc a.bt", "bytes file 3 a.bt\\nabc"}),
            "ERROR: file: needs a size and a name; ERROR: file: needs a size and a name; "
            "ERROR: have a.bt: nothing is kept; say option keep first, or send it; "
            "ERROR: have: needs a SHA256 and a name; ERROR: have: needs a SHA256 and a name; "
            "create a.bt 3; write abc; commit; OK");
}

TEST(AgentSessionFiles, WhatIsKeptIsTakenAgain) {
  AgentDriver agent = agent_with({"digest"});
  EXPECT_EQ(agent.run({"say option keep", "bytes file 3 a.bt " + kAbc + "\\nabc", "bytes file 3 b.bt\\nabc",
                       "say have " + kAbc + " c.bt", "say run ./c.bt"}),
            "begin keeping; OK kept=/var/tmp/kept=20here; create a.bt 3; write abc; commit as ba7816bf; OK; "
            "create b.bt 3; write abc; commit; OK; take ba7816bf as c.bt; OK; start bpftrace [./c.bt]; OK");
  AgentDriver none = agent_with({"digest"});
  EXPECT_EQ(none.run({"keep fails", "say option keep", kHave, "bytes file 3 a.bt " + kAbc + "\\nabc"}),
            "begin keeping; ERROR: option keep: no luck; "
            "ERROR: have a.bt: nothing is kept; say option keep first, or send it; "
            "create a.bt 3; write abc; commit; OK");
}

// It is none of the session's files: the one that is sent then chooses the runner, and may have its name.
TEST(AgentSessionFiles, WhatIsNotThereCostsNothing) {
  AgentSettings settings;
  settings.limits.files_max = 1;
  AgentDriver agent = agent_with({"digest", "keep"}, settings);
  EXPECT_EQ(agent.run({"take fails", "say have " + kAbc + " a.so", "bytes file 3 a.bt " + kAbc + "\\nabc", kHave,
                       "say run ./a.bt"}),
            "take ba7816bf as a.so; ERROR: have a.so: no luck; create a.bt 3; write abc; commit as ba7816bf; OK; "
            "ERROR: file a.bt: one more than files-max (1); start bpftrace [./a.bt]; OK");
}

TEST(AgentSessionFiles, NothingIsTakenForARunnerThatLives) {
  AgentDriver agent = agent_with({"digest", "keep", "verbose"});
  EXPECT_EQ(agent.run({kHave, "say run ./a.bt", kHave, "say have " + kAbc + " ../b"}),
            "take ba7816bf as a.bt; OK; start bpftrace [./a.bt]; OK; report runner starts: bpftrace; "
            "report have: not now; report have: not now");
  AgentDriver other = agent_with({"digest", "keep"});
  EXPECT_EQ(other.run({"say have " + kAbc + " ../b"}),
            "ERROR: file: bad name '../b': a plain file name of letters, digits and ._+- is needed, without a folder");
  AgentDriver rfc = agent_with({});
  EXPECT_EQ(rfc.run({"say stap 1.4", kHave}), "stapsh 5.6 x86_64 6.1; report have: not now");
}

// Neither what a policy refuses, nor what it allows: nobody learns from `have` what another has sent.
TEST(AgentSessionFiles, UnderAPolicyNothingStays) {
  AgentSettings settings;
  Result<policy::Policy> policy = policy::parse_policy("allow as=oncall runner=bpftrace args=safe sha256=@/list\n");
  ASSERT_TRUE(policy);
  policy->digests["/list"].emplace(kAbc);
  settings.gate = policy::Gate{{{}, {}, "oncall"}, *std::move(policy), {}};
  AgentDriver agent = agent_with({"digest"}, settings);
  EXPECT_EQ(agent.run({"say option keep", "bytes file 3 a.bt " + kAbc + "\\nabc", "say have " + kAbc + " b.bt",
                       "say have " + kOther + " b.bt", "say have " + kAbc + " a.ko", "say run ./b.bt"}),
            "ERROR: option keep: nothing is kept where a policy is in force; create a.bt 3; write abc; commit; OK; "
            "ERROR: have b.bt: nothing is kept; say option keep first, or send it; "
            "ERROR: have b.bt: nothing is kept; say option keep first, or send it; "
            "ERROR: have a.ko: nothing is kept; say option keep first, or send it; "
            "ERROR: refused: policy line 1: args=safe: the program './b.bt' is not ./NAME of a file that was sent");
  AgentDriver kind = agent_with({"digest"}, settings);
  EXPECT_EQ(kind.run({"say have " + kAbc + " a.ko", "say run ./a.ko"}),
            "ERROR: refused: policy: no line allows staprun to as oncall; "
            "ERROR: refused: policy: no line allows staprun to as oncall");
  AgentDriver whole = agent_with({"digest"}, settings);
  EXPECT_EQ(whole.run({"say option keep", "bytes file 3 a.bt " + kAbc + "\\nabc", "say run ./a.bt"}),
            "ERROR: option keep: nothing is kept where a policy is in force; create a.bt 3; write abc; commit; OK; "
            "start bpftrace [./a.bt]; OK");
}

}  // namespace
}  // namespace stapsh
