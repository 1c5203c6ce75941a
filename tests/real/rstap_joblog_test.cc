// SPDX-License-Identifier: Apache-2.0
// --joblog and --resume-failed, as parallel has them.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <sstream>

#include "harness/here_fleet.h"

namespace stapsh::real {
namespace {

const std::string kHead = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

class RstapJoblog : public HereFleetTest {
 protected:
  [[nodiscard]] std::string log() const { return read_file(scratch_.path("run.log")); }
  /// "web1 3; web2 0; …": hosts and exit values, in the order of the rows behind the first line.
  [[nodiscard]] std::string rows() const {
    std::istringstream in(log());
    std::string text;
    std::getline(in, text);
    EXPECT_EQ(text + "\n", in ? kHead : "\n");
    text.clear();
    for (std::string line; std::getline(in, line);) {
      std::vector<std::string> columns;
      std::istringstream of(line);
      for (std::string column; std::getline(of, column, '\t');) columns.push_back(column);
      EXPECT_EQ(columns.size(), 9u) << line;
      if (columns.size() == 9) text += columns[1] + " " + columns[6] + "; ";
    }
    return text;
  }
  ProgramOptions with_log(const std::string& hosts, std::vector<std::string> words = {}) {
    words.insert(words.begin(), {"--quiet", "--fanout=1", "--joblog=run.log"});
    return rstap_on(hosts, words);
  }
};

TEST_F(RstapJoblog, HasARowForEachTargetThatEnded) {
  set_runner("printf 12345; [ $WHO = n2 ] && exit 3; exit 0");
  Program rstap(with_log("n[1-3]"));
  EXPECT_EQ(rstap.wait_exit(), 3) << rstap.captured();
  std::map<std::string, std::string> by_host;
  std::istringstream in(log());
  for (std::string line; std::getline(in, line);) by_host[line.substr(0, line.find('\t', 2))] = line;
  EXPECT_EQ(by_host.size(), 4u) << log();
  const std::string row = by_host["2\tn2"];
  EXPECT_NE(row.find("\t0\t5\t3\t0\t"), std::string::npos) << row;
  EXPECT_TRUE(row.ends_with("\t" + scratch_.path("probe.ko"))) << row;
}

TEST_F(RstapJoblog, AKilledClientLeavesTheRowsOfWhatHasEnded) {
  set_runner("[ $WHO = n2 ] && exec sleep 1000; exit 0");
  Program rstap(with_log("n[1-3]", {"--fanout=3"}));
  ASSERT_TRUE(becomes_true([&] { return rows().size() == std::string("n1 0; n3 0; ").size(); })) << log();
  rstap.send_signal(SIGKILL);
  EXPECT_EQ(rstap.wait_exit(), 137);
  EXPECT_EQ(rows().find("n2"), std::string::npos) << log();
}

TEST_F(RstapJoblog, WhatFailedOrNeverStartedRunsAgain) {
  set_runner("echo $WHO; [ $WHO = n2 ] && exit 3; exit 0");
  ASSERT_EQ(Program(with_log("n[1-3]")).wait_exit(), 3);
  // n4 and n5 were not there before; a row was being written when somebody was killed.
  (void)scratch_.write("run.log", log() + "4\tn4\t17000");
  set_runner("echo $WHO; [ $WHO = n5 ] && exit 4; exit 0");
  Program again(with_log("n[1-5]", {"--resume-failed", "--gather"}));
  EXPECT_EQ(again.wait_exit(), 4) << again.captured();
  for (const char* host : {"n2\n", "n4\n", "n5\n"}) EXPECT_NE(again.out().find(host), std::string::npos) << host;
  for (const char* host : {"n1\n", "n3\n"}) EXPECT_EQ(again.out().find(host), std::string::npos) << again.out();
  for (const char* row : {"n2 3; ", "n2 0; ", "n4 0; ", "n5 4; "})
    EXPECT_NE(rows().find(row), std::string::npos) << row;

  set_runner("echo $WHO");
  Program last(with_log("n[1-5]", {"--resume-failed"}));
  EXPECT_EQ(last.wait_exit(), 0) << last.captured();
  EXPECT_EQ(last.out(), "n5\n");

  const std::string before = log();
  Program nothing(rstap_on("n[1-5]", {"--joblog=run.log", "--resume-failed"}));
  EXPECT_EQ(nothing.wait_exit(), 0) << nothing.captured();
  EXPECT_EQ(nothing.out(), "");
  EXPECT_EQ(nothing.err(), "rstap: 5 of 5 targets have succeeded already, as run.log says: nothing to do\n");
  EXPECT_EQ(log(), before);
}

TEST_F(RstapJoblog, WithoutResumeItBeginsAnew) {
  set_runner("exit 0");
  ASSERT_EQ(Program(with_log("n[1-3]")).wait_exit(), 0);
  ASSERT_EQ(Program(with_log("n4")).wait_exit(), 0);
  EXPECT_EQ(rows(), "n4 0; ");
  ASSERT_EQ(Program(with_log("n4", {"--no-such-option"})).wait_exit(), 2);
  EXPECT_EQ(rows(), "n4 0; ") << "nothing ran, and nothing is forgotten";
}

TEST_F(RstapJoblog, WhoCouldNotBeReachedHasFailed) {
  set_runner("exit 0");
  ASSERT_EQ(Program(with_log("n1", {"--remote", "unix:/no/such/socket"})).wait_exit(), 1);
  EXPECT_NE(rows().find("unix:/no/such/socket -1; "), std::string::npos) << log();
}

TEST_F(RstapJoblog, ALogThatIsNoneOrOfAnotherCommandIsAnError) {
  set_runner("echo ran");
  struct Case {
    std::string content, want;
  };
  const std::string row = "1\tn1\t1\t1\t0\t0\t0\t0\t";
  const Case cases[] = {
      {"garbage\n",
       "rstap: --joblog: run.log: line 1: not the head of a joblog; name the one that an earlier run wrote\n"},
      {kHead + row + "x.bt\n3\n",
       "rstap: --joblog: run.log: line 3: not a row of a joblog; name the one that an earlier run wrote\n"},
      {kHead + row + "x.bt\n",
       "rstap: --joblog: run.log: it is of another command, x.bt, not " + scratch_.path("probe.ko") + "\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    (void)scratch_.write("run.log", c.content);
    Program rstap(with_log("n1", {"--resume-failed"}));
    EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
    EXPECT_EQ(rstap.out(), "");
    EXPECT_EQ(rstap.err(), c.want);
    EXPECT_EQ(log(), c.content);
  }
  Program rstap(rstap_on("n1", {"--joblog=no/such/folder"}));
  EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
  EXPECT_EQ(rstap.err(),
            "rstap: --joblog: no/such/folder: No such file or directory; name a file that you can write\n");
}

TEST_F(RstapJoblog, WhatKilledARunnerIsItsSignalAsParallelHasIt) {
  set_runner("[ $WHO = n2 ] && kill -9 $$; echo ran on $WHO");
  ASSERT_EQ(Program(with_log("n[1-2]")).wait_exit(), 137);
  EXPECT_NE(log().find("\t0\t0\t0\t9\t" + scratch_.path("probe.ko") + "\n"), std::string::npos) << log();
  set_runner("echo ran on $WHO");
  Program again(with_log("n[1-2]", {"--resume-failed"}));
  EXPECT_EQ(again.wait_exit(), 0) << again.captured();
  EXPECT_EQ(again.out(), "ran on n2\n");
}

TEST_F(RstapJoblog, ADryRunReadsItAndLeavesItAsItIs) {
  set_runner("[ $WHO = n2 ] && exit 3; exit 0");
  ASSERT_EQ(Program(with_log("n[1-2]")).wait_exit(), 3);
  const std::string before = log();
  Program refused(with_log("n[1-2]", {"--dry-run"}));
  EXPECT_EQ(refused.wait_exit(), 2) << refused.captured();
  EXPECT_TRUE(refused.err().starts_with("rstap: --dry-run runs nothing, and --joblog would ")) << refused.captured();
  Program dry(rstap_on("n[1-2]", {"--joblog=run.log", "--resume-failed", "--dry-run"}));
  EXPECT_EQ(dry.wait_exit(), 0) << dry.captured();
  EXPECT_NE(dry.err().find("1 of 2 targets have succeeded already"), std::string::npos) << dry.captured();
  EXPECT_NE(dry.err().find("n2: would run"), std::string::npos) << dry.captured();
  EXPECT_EQ(log(), before);
}

TEST_F(RstapJoblog, AListOfHostsLeavesOutWhoHasSucceeded) {
  set_runner("[ $WHO = n2 ] && exit 3; exit 0");
  ASSERT_EQ(Program(with_log("n[1-2]")).wait_exit(), 3);
  const std::string before = log();
  const std::string probe = scratch_.path("probe.ko");
  std::vector<std::string> words{STAPSH_CLIENT,      "--list-hosts",    "--remote", "n[1-3]",
                                 "--joblog=run.log", "--resume-failed", probe};
  for (const bool with_script : {true, false}) {
    if (!with_script) words.pop_back();
    Program list(client(words));
    EXPECT_EQ(list.wait_exit(), 0) << list.captured();
    EXPECT_EQ(list.out(), "n2\nn3\n");
  }
  words.push_back("other.ko");
  Program other(client(words));
  EXPECT_EQ(other.wait_exit(), 2) << other.captured();
  EXPECT_NE(other.err().find("it is of another command, " + probe), std::string::npos) << other.captured();
  EXPECT_EQ(log(), before);
}

// A pipe may never say anything, and /dev/zero never ends.
TEST_F(RstapJoblog, OnlyAFileIsRead) {
  const std::string fifo = scratch_.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, std::string("/dev/zero")}) {
    Program dry(rstap_on("n1", {"--dry-run", "--resume-failed", "--joblog=" + path}));
    EXPECT_EQ(dry.wait_exit(), 2) << dry.captured();
    EXPECT_TRUE(dry.err().starts_with("rstap: --joblog: " + path + ": not a regular file; ")) << dry.captured();
  }
  const std::string big = scratch_.write("big", kHead);
  ASSERT_EQ(::truncate(big.c_str(), off_t{1} << 30), 0);
  Program dry(rstap_on("n1", {"--dry-run", "--resume-failed", "--joblog=" + big}));
  EXPECT_EQ(dry.wait_exit(), 2) << dry.captured();
  EXPECT_NE(dry.err().find(": it has more than 268435456 bytes; "), std::string::npos) << dry.captured();
}

TEST_F(RstapJoblog, AnotherCommandIsNamedInAFewWords) {
  (void)scratch_.write("run.log", kHead + "1\tn1\t1\t1\t0\t0\t0\t0\t" + std::string(200'000, 'x') + "\n");
  Program rstap(with_log("n1", {"--resume-failed"}));
  EXPECT_EQ(rstap.wait_exit(), 2);
  EXPECT_LT(rstap.err().size(), 1000u);
}

// `>(COMMAND)`: 100 rows with a command of 4,000 characters are more than a pipe holds, and who reads it begins late.
TEST_F(RstapJoblog, AReaderThatTakesItsTimeGetsAllRows) {
  const std::string fifo = scratch_.path("fifo");
  const std::string fd = "3<> " + fifo + "; ";  // Somebody has it open, and does not read.
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  set_runner("exit 0");
  ProgramOptions options = rstap_on("n[1-100]", {"-v", "--joblog=" + fifo});
  options.argv.push_back("g=" + std::string(4'000, 'x'));
  const std::string script = "exec " + fd + "\"$@\" 3<&- & read -r go; cat < " + fifo + " 3<&- & exec 3<&-; wait";
  options.argv.insert(options.argv.begin(), {"/bin/bash", "-c", script, "bash"});
  options.input = ProgramOptions::Input::kPipe;
  Program rstap(options);
  for (int i = 1; i <= 100; i++) ASSERT_TRUE(rstap.wait_for_err("n" + std::to_string(i) + ": done\n"));
  ASSERT_TRUE(rstap.write("go\n"));
  (void)rstap.wait_exit();
  EXPECT_EQ(rstap.err().find("rows of this run are not complete"), std::string::npos) << rstap.err();
  std::istringstream rows(rstap.out());
  std::size_t count = 0;
  for (std::string row; std::getline(rows, row);) count += row.ends_with("x") ? 1 : 0;
  EXPECT_EQ(count, 100u) << rstap.err();
}

TEST_F(RstapJoblog, WhoIsGivenTwiceIsTheSameInTheNextRun) {
  set_runner("echo ran on $WHO; exit 0");
  ASSERT_EQ(Program(with_log("n1", {"--remote", "n1"})).wait_exit(), 0);
  // In the order in which they ended.
  EXPECT_TRUE(rows() == "n1 0; n1#2 0; " || rows() == "n1#2 0; n1 0; ") << log();
  Program more(with_log("n2", {"--remote", "n1", "--remote", "n1", "--remote", "n1", "--resume-failed"}));
  EXPECT_EQ(more.wait_exit(), 0) << more.captured();
  EXPECT_NE(rows().find("n1#3 0; "), std::string::npos) << log();
  EXPECT_EQ(rows().find("n1 0; "), rows().rfind("n1 0; ")) << log();
  EXPECT_EQ(rows().find("n1#2 0; "), rows().rfind("n1#2 0; ")) << log();
}

TEST_F(RstapJoblog, NobodyElsesFileIsReplacedAndNoTwoRunsWriteOne) {
  set_runner("echo ran");
  (void)scratch_.write("run.log", "my notes\n");
  Program notes(with_log("n1"));
  EXPECT_EQ(notes.wait_exit(), 2) << notes.captured();
  EXPECT_EQ(notes.err(),
            "rstap: --joblog: run.log: line 1: not the head of a joblog; remove it, or give another name\n");
  EXPECT_EQ(log(), "my notes\n");

  (void)scratch_.write("run.log", kHead);
  set_runner("echo up; exec sleep 1000");
  Program first(with_log("n1"));
  ASSERT_TRUE(first.wait_for_out("up\n"));
  Program second(with_log("n2"));
  EXPECT_EQ(second.wait_exit(), 2) << second.captured();
  EXPECT_EQ(second.err(), "rstap: --joblog: run.log: another rstap writes it; give each run a log of its own\n");
  first.send_signal(SIGINT);
  (void)first.wait_exit();
}

// A recording may come from anybody.
TEST_F(RstapJoblog, ACommandInARecordingAddsNoRows) {
  const std::string file = scratch_.write(
      "forged.json",
      R"({"event":"run_started","time":1,"format":1,"version":"1","script":"x","targets":[{"name":"a","uri":"a"}],)"
      R"("command":"x\n2\tn2\t1\t1\t0\t0\t0\t0\tx"})"
      "\n"
      R"({"event":"ended","time":2,"target":0,"outcome":"ended","exit_code":3,"remains":"clean","has_output":true,)"
      R"("stdout_bytes":1,"stderr_bytes":0})"
      "\n"
      R"({"event":"run_ended","time":3,"exit_code":3})"
      "\n");
  Program replay(client({STAPSH_CLIENT, "replay", file, "--quiet", "--joblog", scratch_.path("run.log")}));
  EXPECT_EQ(replay.wait_exit(), 3) << replay.captured();
  EXPECT_EQ(rows(), "a 3; ") << log();
}

TEST_F(RstapJoblog, AFullDiskIsSaidOnceAndTheRunGoesOn) {
  set_runner("echo ran");
  Program rstap(rstap_on("n[1-2]", {"--joblog=/dev/full"}));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.captured();
  EXPECT_EQ(rstap.out(), "ran\nran\n");
  EXPECT_TRUE(rstap.err().starts_with("rstap: --joblog: /dev/full: No space left on device; ")) << rstap.captured();
  EXPECT_EQ(rstap.err().rfind("No space"), rstap.err().find("No space")) << rstap.captured();
}

}  // namespace
}  // namespace stapsh::real
