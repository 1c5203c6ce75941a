// SPDX-License-Identifier: Apache-2.0
#include "agent/session_record.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "sys/io.h"
#include "sys/process_tree.h"

namespace stapsh::agent {
namespace {

class SessionRecordTest : public testing::Test {
 protected:
  // Of the boot that is not known, so that it counts.
  std::optional<SessionRecord> read_line(const std::string& line) {
    const sys::UniqueFd file =
        *sys::open_at(workspace_.fd(), ".session", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    EXPECT_TRUE(sys::write_all(file.get(), line, std::chrono::seconds(5)));
    return *read_record(workspace_.fd());
  }

  sys::Workspace workspace_ = *sys::Workspace::create();
};

TEST_F(SessionRecordTest, ReadsWhatItWrote) {
  const SessionRecord full{.agent = 11,
                           .agent_start = 222,
                           .runner = 33,
                           .runner_start = 444,
                           .stop_signal = 2,
                           .grace = std::chrono::milliseconds(5'500),
                           .module = "probe",
                           .renamed = true,
                           .pid_namespace = 4'026'531'836};
  SessionRecord without_module = full;
  without_module.module = "";
  without_module.renamed = false;
  for (const SessionRecord& record : {full, without_module}) {
    ASSERT_TRUE(write_record(workspace_, record));
    EXPECT_EQ(*read_record(workspace_.fd()), record);
  }
}

TEST_F(SessionRecordTest, ReadsWhatAnAgentOfBeforeWrote) {
  const std::optional<SessionRecord> bare = read_line("stapsh-session-1 11 222 33 444 1 5000 unknown \n");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->runner, 33);
  EXPECT_EQ(bare->module, "");
  const std::optional<SessionRecord> module = read_line("stapsh-session-1 11 222 33 444 1 5000 unknown probe\n");
  ASSERT_TRUE(module);
  EXPECT_EQ(module->module, "probe");
  EXPECT_FALSE(module->renamed);
  EXPECT_EQ(module->pid_namespace, 0U);
}

TEST_F(SessionRecordTest, IsElsewhereIfBothNamespacesAreKnown) {
  const std::uint64_t ours = sys::pid_namespace().value_or(0);
  ASSERT_NE(ours, 0U);
  EXPECT_FALSE(is_elsewhere({.pid_namespace = ours}));
  EXPECT_FALSE(is_elsewhere({.pid_namespace = 0}));
  EXPECT_TRUE(is_elsewhere({.pid_namespace = ours + 1}));
}

TEST_F(SessionRecordTest, OfAnotherBootNobodyLives) {
  const std::optional<SessionRecord> record = read_line("stapsh-session-1 11 222 33 444 1 5000 other-boot probe own\n");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->runner, -1);
  EXPECT_EQ(record->module, "");
}

TEST_F(SessionRecordTest, WhatIsNoRecordIsNone) {
  for (const char* line : {"", "x\n", "stapsh-session-1 11 222 33 444 1 5000 unknown", "stapsh-session-1 11 222\n",
                           "stapsh-session-1 -1 222 33 444 1 5000 unknown\n"}) {
    SCOPED_TRACE(line);
    EXPECT_FALSE(read_line(line));
  }
}

}  // namespace
}  // namespace stapsh::agent
