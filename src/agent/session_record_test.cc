// SPDX-License-Identifier: Apache-2.0
#include "agent/session_record.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "sys/process_tree.h"

namespace stapsh::agent {
namespace {

const SessionRecord kFull{.workspace = "/tmp/a b=\n/stapsh.0123456789",
                          .boot = "b00t",
                          .pid_namespace = {4'026'531'836, 55},
                          .agent = 11,
                          .agent_start = 222,
                          .runner = 33,
                          .runner_start = 444,
                          .stop_signal = 2,
                          .grace = std::chrono::milliseconds(5'500),
                          .module = "probe",
                          .renamed = true,
                          .cgroup = "/sys/fs/cgroup/a b/stapsh.0123456789",
                          .logged = {"as=on call", "ssh 10.0.0.7 50112", "bpftrace", 3}};

TEST(SessionRecord, ReadsWhatItWrote) {
  SessionRecord without_runner = begin_record("/tmp/stapsh.0123456789");
  EXPECT_EQ(without_runner.agent, ::getpid());
  EXPECT_EQ(without_runner.runner, -1);
  EXPECT_EQ(without_runner.stop_signal, SIGTERM);
  SessionRecord from_nowhere = kFull;  // A text without a character is one all the same.
  from_nowhere.logged.from.clear();
  for (const SessionRecord& record : {kFull, without_runner, from_nowhere})
    EXPECT_EQ(parse_record(format_record(record)), record);
}

TEST(SessionRecord, ReadsNoLessOfANewerOne) {
  std::string text = format_record(kFull);
  text.insert(text.find("\nstop"), "\nfuture word and more\nother");
  EXPECT_EQ(parse_record(text), kFull);
}

TEST(SessionRecord, WhatFollowsTheEndDoesNotCount) {
  EXPECT_EQ(parse_record(format_record(kFull) + "runner 1 1\nend\n"), kFull);
}

TEST(SessionRecord, WhatIsNotAllThereIsNone) {
  const std::string text = format_record(kFull);
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_record(text.substr(0, size))) << size;
}

TEST(SessionRecord, ValueWithoutSenseStaysUnknown) {
  const std::string begin = "stapsh-session-2\nworkspace /w\n";
  for (const char* line :
       {"runner 0 1", "runner -5 1", "runner 5", "runner 5 1 1", "runner x 1", "stop 0", "stop 65", "grace -1",
        "grace 10000000001", "pids x", "pids 1 2", "init x", "init", "module =4", "boot =zz", "agent 99999999999 1"}) {
    SCOPED_TRACE(line);
    const auto record = parse_record(begin + line + "\nend\n");
    ASSERT_TRUE(record);
    EXPECT_EQ(*record, (SessionRecord{.workspace = "/w", .stop_signal = SIGTERM, .grace = std::chrono::seconds(5)}));
  }
  EXPECT_FALSE(parse_record("stapsh-session-2\nworkspace w\nend\n"));
  EXPECT_FALSE(parse_record("stapsh-session-2\nend\n"));
  EXPECT_FALSE(parse_record("stapsh-session-20\nworkspace /w\nend\n"));
}

TEST(SessionRecord, OfAnAgentOfBeforeWhereItWasIsRead) {
  const auto read = [](const std::string& line) { return parse_record_of_before(line); };
  const auto full = read("stapsh-session-1 11 222 33 444 1 5000 b00t probe own 77\n");
  ASSERT_TRUE(full);
  EXPECT_EQ(*full, (SessionRecord{.boot = "b00t", .pid_namespace = {77, 0}}));
  ASSERT_TRUE(read("stapsh-session-1 11 222 33 444 1 5000 unknown \n"));
  EXPECT_EQ(*read("stapsh-session-1 11 222 33 444 1 5000 unknown \n"), SessionRecord());
  for (const char* line : {"", "x\n", "stapsh-session-1 11 222 33 444 1 5000 unknown", "stapsh-session-1 11 222\n"}) {
    SCOPED_TRACE(line);
    EXPECT_FALSE(read(line));
  }
}

// A namespace that was not known counted as ours, so a record that left it out had host processes of its pids ended.
TEST(SessionRecord, IsHereOnlyIfAllIsKnown) {
  const SessionRecord here = begin_record("/w");
  ASSERT_NE(here.pid_namespace.inode, 0U);
  ASSERT_NE(here.boot, "");
  EXPECT_EQ(whereabouts(here), Whereabouts::kHere);
  SessionRecord other = here;
  other.pid_namespace = {};
  EXPECT_EQ(whereabouts(other), Whereabouts::kUnknown);
  other = here;
  other.boot = "";
  EXPECT_EQ(whereabouts(other), Whereabouts::kUnknown);
  other.boot = "another";
  EXPECT_EQ(whereabouts(other), Whereabouts::kBootGone);
  other = here;
  other.pid_namespace = {1, 0};
  EXPECT_TRUE(whereabouts(other) == Whereabouts::kElsewhere || whereabouts(other) == Whereabouts::kNamespaceGone);
}

// The inode of a pid namespace that is gone is the next one's: its dead session was taken for one of here.
TEST(SessionRecord, ANamespaceIsKnownByItsInitAsWell) {
  const SessionRecord here = begin_record("/w");
  if (here.pid_namespace.init_start == 0) GTEST_SKIP() << "of pid 1 nothing can be known here";
  SessionRecord other = here;
  other.pid_namespace.init_start += 1;
  EXPECT_TRUE(whereabouts(other) == Whereabouts::kElsewhere || whereabouts(other) == Whereabouts::kNamespaceGone);
  other.pid_namespace.init_start = 0;  // Of an agent of before.
  EXPECT_EQ(whereabouts(other), Whereabouts::kHere);
}

}  // namespace
}  // namespace stapsh::agent
