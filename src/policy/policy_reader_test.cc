// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_reader.h"

#include <gtest/gtest.h>

namespace stapsh::policy {
namespace {

TEST(PolicyReader, ReadsStatementsInTheirOrder) {
  const Result<Policy> policy = parse_policy(
      "# Who may trace here.\n"
      "\n"
      "allow as=oncall,night runner=bpftrace,stapbpf sha256=@/etc/stapsh/approved#1 args=safe command=yes # Always.\n"
      "  deny\tuid=1000 \n"
      "allow cid=2\n"
      "limit as=oncall run=600 grace=2.5\n"
      "limit run=60 stop=30 idle=9 workspace=1000000 output=50000 tasks=64 memory=100000000\n"
      "limit sessions=8 per-peer=2\n");
  ASSERT_TRUE(policy) << policy.error().what;
  ASSERT_EQ(policy->statements.size(), 3U);
  const Statement& first = policy->statements[0];
  EXPECT_EQ(first.line, 3U);
  EXPECT_TRUE(first.allows);
  EXPECT_EQ(first.who.names, (std::vector<std::string>{"oncall", "night"}));
  EXPECT_EQ(first.runners, (std::vector{RunnerKind::kBpftrace, RunnerKind::kStapbpf}));
  EXPECT_EQ(first.digest_file, "/etc/stapsh/approved#1");
  EXPECT_TRUE(first.only_safe);
  EXPECT_TRUE(first.with_command);
  EXPECT_TRUE(policy->digests.contains("/etc/stapsh/approved#1"));
  EXPECT_FALSE(policy->statements[1].allows);
  EXPECT_EQ(policy->statements[1].text, "deny uid=1000");
  EXPECT_EQ(policy->statements[2].who.cids, std::vector<std::uint32_t>{2});
  EXPECT_FALSE(policy->statements[2].only_safe);

  const Bounds oncall = policy->bounds_for({{}, {}, "oncall"});
  EXPECT_EQ(oncall.run, std::chrono::seconds(600));
  EXPECT_EQ(oncall.grace, std::chrono::milliseconds(2500));
  EXPECT_EQ(oncall.stop, std::chrono::seconds(30));
  EXPECT_EQ(oncall.workspace, 1'000'000U);
  EXPECT_EQ(oncall.output, 50'000U);
  EXPECT_EQ(oncall.tasks, 64U);
  EXPECT_EQ(oncall.memory, 100'000'000U);
  EXPECT_EQ(usage_text(oncall), "at most 64 processes and threads and 100000000 bytes of memory");
  EXPECT_EQ(usage_text(Bounds{}), "");
  EXPECT_EQ(oncall.per_peer, 2U);
  const Bounds other = policy->bounds_for({0, {}, ""});
  EXPECT_EQ(other.run, std::chrono::seconds(60));
  EXPECT_EQ(other.grace, std::nullopt);
}

TEST(PolicyReader, WhatIsLoggedStandsOnALineOfItsOwn) {
  EXPECT_EQ(parse_policy("allow\n")->logging, Logging::kNone);
  EXPECT_EQ(parse_policy(" log auth # All.\nallow\n")->logging, Logging::kAuth);
  EXPECT_EQ(parse_policy("allow\nlog\tauth  required\n")->logging, Logging::kRequired);
}

TEST(PolicyReader, AnEmptyFileAllowsNothing) {
  const Result<Policy> policy = parse_policy("");
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->statements.empty());
}

TEST(PolicyReader, RefusesEverythingElse) {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {
      {"permit\n", "line 1, column 1: 'permit' is no statement; say allow, deny, limit or log"},
      {"allow\n  Allow\n", "line 2, column 3: 'Allow' is no statement; say allow, deny, limit or log"},
      {"allow uid=0\r\n", "line 1, column 11: uid=: '0^M' is not a whole number from 0 to 4294967294"},
      {"allow uid=0", "line 1, column 12: the file ends within a line; end it with a newline"},
      {"log\n", "line 1, column 1: say log auth, or log auth required"},
      {"log auht\n", "line 1, column 1: say log auth, or log auth required"},
      {"log auth requird\n", "line 1, column 1: say log auth, or log auth required"},
      {"log auth required uid=0\n", "line 1, column 1: say log auth, or log auth required"},
      {"log auth\nlog auth required\n", "line 2, column 1: log twice; one line says it all"},
      {"limit output=999\n", "line 1, column 14: output=: '999' is not a whole number from 1000 to 1099511627776"},
      {"deny operator=bob\n", "line 1, column 6: 'operator=bob' is unknown here; deny takes uid= cid= as= runner="},
      {"limit operator=bob\n",
       "line 1, column 7: 'operator=bob' is unknown here; limit takes uid= cid= as= run= stop= grace= idle= workspace= "
       "output= tasks= memory= sessions= per-peer="},
      {"limit tasks=0\n", "line 1, column 13: tasks=: '0' is not a whole number from 1 to 4194304"},
      {"limit memory=64M\n", "line 1, column 14: memory=: '64M' is not a whole number from 1000000 to 1099511627776"},
      {"allow operator=\n",
       "line 1, column 16: operator=: '' is no principal: letters, digits and ._-@+ are, at most 64"},
      {"allow operator=-f\n",
       "line 1, column 16: operator=: '-f' is no principal: letters, digits and ._-@+ are, at most 64"},
      {"allow operator=b*\n",
       "line 1, column 16: operator=: 'b*' is no principal: letters, digits and ._-@+ are, at most 64"},
      {"allow signed=bob\n",
       "line 1, column 1: signed= needs args=safe: by other arguments a run names another program (-e, a path)"},
      {"allow target=web07\n",
       "line 1, column 1: target= needs operator=: only a run that is signed says what it is for"},
      {"allow everybody\n",
       "line 1, column 7: 'everybody' is unknown here; allow takes uid= cid= as= runner= sha256= signed= operator= "
       "target= args= command= user= caps="},
      {"deny args=any\n", "line 1, column 6: 'args=any' is unknown here; deny takes uid= cid= as= runner="},
      {"deny command=yes\n", "line 1, column 6: 'command=yes' is unknown here; deny takes uid= cid= as= runner="},
      {"allow run=5\n",
       "line 1, column 7: 'run=5' is unknown here; allow takes uid= cid= as= runner= sha256= signed= operator= target= "
       "args= command= user= caps="},
      {"allow uid=0 uid=1\n", "line 1, column 13: uid= twice; give several values with commas between them"},
      {"allow uid=0,\n", "line 1, column 11: uid=: '' is not a whole number from 0 to 4294967294"},
      {"allow uid=root\n", "line 1, column 11: uid=: 'root' is not a whole number from 0 to 4294967294"},
      {"allow uid=4294967295\n", "line 1, column 11: uid=: '4294967295' is not a whole number from 0 to 4294967294"},
      {"allow as=\n", "line 1, column 10: as=: '' is no name: letters, digits and ._- are, at most 64"},
      {"allow as=a/b\n", "line 1, column 10: as=: 'a/b' is no name: letters, digits and ._- are, at most 64"},
      {"allow runner=stap\n",
       "line 1, column 14: runner=: 'stap' is no runner; say staprun, stapbpf, stapdyn or bpftrace"},
      {"allow args=safe sha256=approved\n",
       "line 1, column 24: sha256=: say @FILE, an absolute path of what sha256sum printed"},
      {"allow args=most\n", "line 1, column 12: args=: say safe or any"},
      {"allow args=safe command=no\n", "line 1, column 25: command=: say yes, or leave it out"},
      {"allow sha256=@/a\n",
       "line 1, column 1: sha256= needs args=safe: by other arguments a run names another program (-e, a path)"},
      {"allow sha256=@/a args=any\n",
       "line 1, column 1: sha256= needs args=safe: by other arguments a run names another program (-e, a path)"},
      {"allow command=yes\n",
       "line 1, column 1: command=yes needs args=safe: without it every argument is allowed, -c too"},
      {"allow uid=0 as=oncall\n", "line 1, column 1: of uid=, cid= and as= nobody has two; write a line for each"},
      {"limit\n",
       "line 1, column 1: limit needs something to limit: uid= cid= as= run= stop= grace= idle= workspace= output= "
       "tasks= memory= sessions= per-peer="},
      {"limit uid=0\n",
       "line 1, column 1: limit needs something to limit: uid= cid= as= run= stop= grace= idle= workspace= output= "
       "tasks= memory= sessions= per-peer="},
      {"limit uid=0 sessions=3\n",
       "line 1, column 1: sessions= and per-peer= hold for everybody; give them a line of their own"},
      {"limit run=0\n", "line 1, column 11: run=: '0' is not a number of seconds from 0.001 to 10000000"},
      {"limit sessions=0\n", "line 1, column 16: sessions=: '0' is not a whole number from 1 to 65536"},
      {"allow=\n", "line 1, column 1: 'allow=' is no statement; say allow, deny, limit or log"},
      {std::string_view("allow\0\n", 7), "line 1, column 1: 'allow^@' is no statement; say allow, deny, limit or log"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<Policy> policy = parse_policy(c.text);
    ASSERT_FALSE(policy);
    EXPECT_EQ(policy.error().what, c.want);
  }
}

}  // namespace
}  // namespace stapsh::policy
