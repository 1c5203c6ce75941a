// SPDX-License-Identifier: Apache-2.0
#include "policy/audit_text.h"

#include <gtest/gtest.h>

namespace stapsh::policy {
namespace {

using Event = AuditRecord::Event;

AuditRecord a_record() {
  AuditRecord record;
  record.who = "as=oncall";
  record.from = "ssh 10.0.0.7 50112";
  record.session = "stapsh.Abcdefghij";
  record.runner = "bpftrace";
  record.files = {{"a.bt", std::string(64, 'a')}};
  record.args = {"-q", "./a.bt", "two words"};
  record.line = 3;
  record.reason = "allow as=oncall";
  return record;
}

TEST(AuditText, AStartIsALineThatSaysAll) {
  EXPECT_EQ(audit_message(a_record()),
            "run started: who=\"as=oncall\" peer=\"ssh 10.0.0.7 50112\" session=\"stapsh.Abcdefghij\" "
            "runner=\"bpftrace\" policy_line=\"3\" by=\"agent\" reason=\"allow as=oncall\" files=\"" +
                std::string(64, 'a') + "  a.bt\" args=\"-q ./a.bt \\\"two words\\\"\"");
}

TEST(AuditText, AnEndSaysHowAndWhatIsLeft) {
  AuditRecord record;
  record.event = Event::kEnded;
  record.who = "uid=0";
  record.exit_code = 137;
  record.signal = 9;
  record.left.emplace();
  EXPECT_EQ(audit_message(record), R"(run ended: who="uid=0" exit_code="137" signal="9" left="nothing" by="agent")");
  record.left = {"process 12", "module x"};
  record.signal.reset();
  EXPECT_EQ(audit_message(record), R"(run ended: who="uid=0" exit_code="137" left="process 12, module x" by="agent")");
}

TEST(AuditText, AClientsWordsEndNoLineAndNoField) {
  AuditRecord record;
  record.who = "uid=0";
  record.args = {"x\n<0>forged", "\"", "\\", std::string("\0\x1b\xc3", 3), ""};
  EXPECT_EQ(
      audit_message(record),
      R"(run started: who="uid=0" by="agent" args="\"x\\x0a<0>forged\" \"\\\"\" \"\\\\\" \"\\x00\\x1b\\xc3\" \"\"")");
  EXPECT_EQ(journal_entry(record).find("\nPRIORITY=0"), std::string::npos);
}

TEST(AuditText, AMessageHasItsLength) {
  AuditRecord record = a_record();
  record.args = {"./a.bt", std::string(1'000'000, 'x')};
  record.files.push_back({"b.h", ""});
  const std::string message = audit_message(record);
  EXPECT_LE(message.size(), kAuditMessageBytesMax);
  EXPECT_TRUE(message.ends_with("... (992306 bytes more) files_left_out=\"1\"")) << message.substr(message.size() - 60);
  EXPECT_NE(message.find(std::string(64, 'a')), std::string::npos);
  EXPECT_GT(journal_entry(record).size(), 1'000'000U);
}

std::string hex_of(char c) { return std::string(64, c); }

TEST(AuditText, NothingHidesWhatRan) {
  AuditRecord record = a_record();
  record.args = {"./real.bt", "-Iinclude.d"};
  record.environment = {"BPFTRACE_STRLEN=64", "A=two words"};
  record.files.clear();
  for (int i = 10; i < 72; ++i) record.files.push_back({std::to_string(i) + std::string(200, 'd'), hex_of('d')});
  record.files.push_back({"include.d", hex_of('b')});
  record.files.push_back({"real.bt", hex_of('c')});
  const std::string message = audit_message(record);
  EXPECT_TRUE(fits_message(record));
  EXPECT_LE(message.size(), kAuditMessageBytesMax);
  EXPECT_NE(message.find(" files=\"" + hex_of('c') + "  real.bt\\x0a" + hex_of('b') +
                         "  include.d\" args=\"./real.bt -Iinclude.d\" env=\"BPFTRACE_STRLEN=64 \\\"A=two words\\\"\" "
                         "other_files=\"" +
                         hex_of('d') + "  10ddd"),
            std::string::npos)
      << message;
  EXPECT_TRUE(message.ends_with("ddd\" files_left_out=\"35\"")) << message.substr(message.size() - 60);
  // The journal has all of them.
  const std::string entry = journal_entry(record);
  EXPECT_NE(entry.find(hex_of('d') + "  71ddd"), std::string::npos);
  EXPECT_NE(entry.find("\nSTAPSH_ENV=BPFTRACE_STRLEN=64 \"A=two words\"\n"), std::string::npos);
  EXPECT_LT(entry.find("  real.bt\n"), entry.find("  10ddd", entry.find("STAPSH_FILES")));
  // Every one can be named.
  for (const UploadedFile& file : a_record().files) record.files.push_back(file);
  for (const UploadedFile& file : record.files) record.args->push_back("./" + file.name);
  EXPECT_FALSE(fits_message(record));
  record.files.resize(5);
  record.args = {"./a.bt", std::string(kAuditMessageBytesMax, 'x')};
  EXPECT_FALSE(fits_message(record));
}

TEST(AuditText, WhatFitsIsWhole) {
  AuditRecord record = a_record();
  record.files.push_back({"b.h", hex_of('b')});
  EXPECT_TRUE(
      audit_message(record).ends_with("args=\"-q ./a.bt \\\"two words\\\"\" other_files=\"" + hex_of('b') + "  b.h\""))
      << audit_message(record);
  for (std::size_t bytes = kAuditMessageBytesMax - 600; bytes < kAuditMessageBytesMax; ++bytes) {
    record.args = {"./a.bt", std::string(bytes, 'x')};
    const std::string message = audit_message(record);
    ASSERT_LE(message.size(), kAuditMessageBytesMax);
    const bool whole = message.ends_with("b.h\""), without = message.ends_with("x\" files_left_out=\"1\"");
    ASSERT_EQ(fits_message(record), whole || without) << message.substr(message.size() - 80);
  }
}

// Shapes of JOURNAL_NATIVE_PROTOCOL's own examples.
TEST(AuditText, AValueWithANewlineIsCountedInTheJournal) {
  EXPECT_EQ(journal_fields({{"A", "x=y"}, {"B", ""}}), "A=x=y\nB=\n");
  EXPECT_EQ(journal_fields({{"A", "x\nPRIORITY=0"}}), std::string("A\n\x0c\0\0\0\0\0\0\0x\nPRIORITY=0\n", 23));
}

TEST(AuditText, TheJournalGetsFields) {
  AuditRecord record = a_record();
  record.event = Event::kRefused;
  record.files.push_back({"b.bt", ""});
  const std::string entry = journal_entry(record);
  for (const std::string_view field :
       {"MESSAGE=run refused: ", "\nMESSAGE_ID=", "\nPRIORITY=4\n", "\nSYSLOG_FACILITY=10\n",
        "\nSYSLOG_IDENTIFIER=stapsh\n", "\nSTAPSH_EVENT=refused\n", "\nSTAPSH_WHO=as=oncall\n",
        "\nSTAPSH_PEER=ssh 10.0.0.7 50112\n", "\nSTAPSH_POLICY_LINE=3\n", "\nSTAPSH_FILES\n", "  a.bt\nunknown  b.bt\n",
        "\nSTAPSH_ARGS=-q ./a.bt \"two words\"\n"}) {
    EXPECT_NE(entry.find(field), std::string::npos) << field << " in " << entry;
  }
}

TEST(AuditText, SyslogHasFacilityAndPriorityInFront) {
  AuditRecord record;
  record.who = "uid=0";
  EXPECT_EQ(syslog_line(record, "Nov  7 15:04:05", 42),
            "<85>Nov  7 15:04:05 stapsh[42]: run started: who=\"uid=0\" by=\"agent\"");
  record.event = Event::kRefused;
  EXPECT_TRUE(syslog_line(record, "", 1).starts_with("<84>"));
}

}  // namespace
}  // namespace stapsh::policy
