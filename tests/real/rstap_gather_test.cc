// SPDX-License-Identifier: Apache-2.0
// --gather: what many targets said, once.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <regex>

#include "harness/here_fleet.h"

namespace stapsh::real {
namespace {

const std::string kRule = std::string(15, '-') + "\n";
// As a runner's whole output, for what is about megabytes: a line costs more than its bytes.
const std::string kLongLines = "yes $WHO$(printf %0997d 0)";  // Of 1,000 bytes.

std::string header(const std::string& title) { return kRule + title + "\n" + kRule; }

class RstapGather : public HereFleetTest {
 protected:
  /// With -v: all of n[1-COUNT] have reached that state.
  static testing::AssertionResult wait_for_state(Program& rstap, int count, const std::string& state) {
    for (int i = 1; i <= count; i++) {
      if (auto seen = rstap.wait_for_err("n" + std::to_string(i) + ": " + state + "\n"); !seen) return seen;
    }
    return testing::AssertionSuccess();
  }
};

TEST_F(RstapGather, EqualOutputIsShownOnceUnderFoldedNames) {
  set_runner("case $WHO in web07) echo other; exit 3;; web39) ;; *) echo one; printf two;; esac");
  Program rstap(rstap_on("web[01-40]", {"--gather"}));
  EXPECT_EQ(rstap.wait_exit(), 3) << rstap.captured();
  EXPECT_EQ(rstap.out(), header("web[01-06,08-38,40] (38)") + "one\ntwo\n" + header("web07") + "other\n");
  EXPECT_TRUE(rstap.err().starts_with("rstap: web07: runner ended with exit code 3\n")) << rstap.captured();
}

TEST_F(RstapGather, ShowsWhatClushShows) {
  if (::access("/usr/bin/clush", X_OK) != 0) GTEST_SKIP() << "no clush (clustershell)";
  const std::string body =
      "case $WHO in n1) echo a; exit 2;; n[2345]) echo b; printf c;; n[678]) echo d;; n9) ;; *) echo $WHO;; esac";
  set_runner(body);
  Program rstap(rstap_on("n[1-12]", {"--gather"}));
  EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
  Program clush(options({"/usr/bin/clush", "-R", "exec", "-w", "n[1-12]", "-b", "WHO=%h; " + body}));
  (void)clush.wait_exit();
  EXPECT_EQ(rstap.out(), clush.out());
}

TEST_F(RstapGather, ACompileErrorOfManyIsShownOnce) {
  set_module(scratch_.write("bad.bt", "BEGIN { print(nothing_of_that_name); }\n"));
  Program rstap(rstap_on("web[01-12]", {"--gather", "--quiet"}));
  EXPECT_NE(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(rstap.out(), "");
  const std::string err = rstap.err();
  const std::size_t first = err.find("nothing_of_that_name");
  EXPECT_TRUE(err.find(header("web[01-12] (12)")) < first) << rstap.captured();
  EXPECT_EQ(err.find("ERROR", first), std::string::npos) << rstap.captured();
  EXPECT_TRUE(err.ends_with("\nrstap: web[01-12]: runner ended with exit code 1\n")) << rstap.captured();
}

TEST_F(RstapGather, ARunWithoutAnEndIsShownWhenItIsStopped) {
  const std::string mark = scratch_.path("up.");
  set_runner("trap 'echo bye; exit' HUP; echo up; [ $WHO = n1 ] && echo first >&2; : > " + mark +
             "$WHO; while :; do sleep 0.1; done");
  Program rstap(rstap_on("n[1-4]", {"--gather"}));
  for (const char* host : {"n1", "n2", "n3", "n4"}) {
    ASSERT_TRUE(becomes_true([&] { return ::access((mark + host).c_str(), F_OK) == 0; }));
  }
  rstap.send_signal(SIGINT);
  (void)rstap.wait_exit();
  EXPECT_TRUE(rstap.out().starts_with(header("n[1-4] (4)") + "up\nbye\n")) << rstap.captured();
  EXPECT_NE(rstap.err().find(header("n1") + "first\n"), std::string::npos) << rstap.captured();
}

TEST_F(RstapGather, NoTextCanLookLikeAnotherTargetsHeader) {
  set_runner("case $WHO in n1) echo ---------------; echo n2; echo ---------------; echo lie;; *) echo truth;; esac");
  Program rstap(rstap_on("n[1-2]", {"--gather"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::string rule = std::string(16, '-') + "\n";
  EXPECT_EQ(rstap.out(), rule + "n1\n" + rule + kRule + "n2\n" + kRule + "lie\n" + rule + "n2\n" + rule + "truth\n");
}

TEST_F(RstapGather, NoTextCanLookLikeAHeaderInDisguiseOrOfTheOtherStream) {
  for (const std::string disguised : {R"(\033[m%s\n)", R"(%s\r\n)", R"(%s\342\200\213\n)"}) {
    SCOPED_TRACE(disguised);
    set_runner("[ $WHO = n1 ] && printf '" + disguised + "' --------------- >&2; echo truth");
    Program rstap(rstap_on("n[1-2]", {"--gather"}));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    const std::string rule = std::string(16, '-') + "\n";
    EXPECT_EQ(rstap.out(), rule + "n[1-2] (2)\n" + rule + "truth\n");
    EXPECT_TRUE(rstap.err().starts_with(rule + "n1\n" + rule)) << rstap.err();
  }
}

TEST_F(RstapGather, DiffShowsWhatClushShows) {
  if (::access("/usr/bin/clush", X_OK) != 0) GTEST_SKIP() << "no clush (clustershell)";
  const std::string body =
      "case $WHO in n1) seq 3 30;; n2) ;; n3) seq 30; echo more;; n4) exit 2;; n5) seq 7; exit 2;; *) seq 30;; esac";
  set_runner(body);
  Program rstap(rstap_on("n[1-12]", {"--diff", "--quiet"}));
  EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
  Program clush(options({"/usr/bin/clush", "-R", "exec", "-w", "n[1-12]", "--diff", "WHO=%h; " + body}));
  (void)clush.wait_exit();
  // clush has who said nothing last of all with their exit code, and again for each code.
  for (const std::string title : {"n1", "n3", "n5"}) {
    const std::string begin = "--- n[6-12] (7)\n+++ " + title + "\n";
    const std::size_t ours = rstap.out().find(begin), its = clush.out().find(begin);
    ASSERT_NE(ours, std::string::npos) << rstap.captured();
    ASSERT_NE(its, std::string::npos) << clush.captured();
    const auto part = [&](const std::string& out, std::size_t at) {
      return out.substr(at, std::min(out.find("--- ", at + 1), out.find(kRule, at)) - at);
    };
    EXPECT_EQ(part(rstap.out(), ours), part(clush.out(), its));
  }
  EXPECT_NE(rstap.out().find("+++ n[2,4] (2)\n@@ -1,30 +0,0 @@\n"), std::string::npos) << rstap.captured();
}

TEST_F(RstapGather, DiffWithGatherShowsTheLargestGroupToo) {
  set_runner("echo one; [ $WHO = n2 ] && echo odd; echo error >&2; exit 0");
  Program rstap(rstap_on("n[1-4]", {"--diff", "--gather", "--quiet"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(rstap.out(),
            header("n[1,3-4] (3)") + "one\n" + kRule + "--- n[1,3-4] (3)\n+++ n2\n@@ -1 +1,2 @@\n one\n+odd\n");
  EXPECT_EQ(rstap.err(), header("n[1-4] (4)") + "error\n");
}

TEST_F(RstapGather, NoDifferenceCanLookLikeAnotherGroup) {
  set_runner("echo -- n1; echo same; [ $WHO = n2 ] && printf '%s\\n' '++ n3' '---------------'; exit 0");
  Program rstap(rstap_on("n[1,2,4]", {"--diff", "--quiet"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  const std::string rule = std::string(17, '-') + "\n";
  EXPECT_EQ(rstap.out(), rule + "--- n[1,4] (2)\n+++ n2\n@@ -1,2 +1,4 @@\n -- n1\n same\n+++ n3\n+" + kRule);
}

TEST_F(RstapGather, TextsWithLittleInCommonAreComparedInBoundedTime) {
  set_runner("i=${WHO#n}; seq $i 7 700000 | sort -R --random-source=/usr/bin/stapsh");
  Program rstap(rstap_on("n[1-3]", {"--diff", "--quiet"}));
  EXPECT_EQ(rstap.wait_exit(std::chrono::seconds(100)), 0) << rstap.err();
  EXPECT_GT(rstap.out_bytes(), 1'000'000u);
}

// Text that nobody reads is waited for while a pager is open; a signal ends that.
TEST_F(RstapGather, ASlowReaderGetsAllAndASignalEndsTheWaiting) {
  set_runner(kLongLines + " | head -c 9000000");
  ProgramOptions options = rstap_on("n[1-3]", {"--gather", "-v"});
  options.read_output = false;
  for (const bool read : {true, false}) {
    SCOPED_TRACE(read);
    Program rstap(options);
    ASSERT_TRUE(wait_for_state(rstap, 3, "done"));  // Nothing but the reader is waited for.
    if (read) {
      rstap.resume_reading();
      EXPECT_EQ(rstap.wait_exit(), 0) << rstap.err();
      EXPECT_EQ(rstap.out().size(), 3 * (header("n1").size() + 9'000'000));
    } else {
      ASSERT_TRUE(becomes_true([&] {  // One that comes too early is one of the run's, which ends by itself.
        if (rstap.running()) rstap.send_signal(SIGINT);
        return !rstap.running();
      }));
      rstap.resume_reading();
      EXPECT_EQ(rstap.wait_exit(), 130) << rstap.err();
      EXPECT_NE(rstap.err().find("rstap: 3 targets: 3 succeeded"), std::string::npos) << rstap.err();
      EXPECT_NE(rstap.err().find("rstap: standard output was not read: "), std::string::npos) << rstap.err();
      EXPECT_NE(rstap.err().find(" bytes of output are lost\n"), std::string::npos) << rstap.err();
    }
  }
}

// The first ctrl-C holds a piped output for a moment: the next is not to take that for a reader that is slow.
TEST_F(RstapGather, CtrlCsInARowLoseNothing) {
  const std::string mark = scratch_.path("up.");
  set_runner("trap 'echo result of $WHO; exit 0' HUP INT TERM; : > " + mark + "$WHO; while :; do sleep 0.02; done");
  for (const char* option : {"--gather", "--diff"}) {
    SCOPED_TRACE(option);
    Program rstap(rstap_on("n[1-2]", {option, "-v"}));
    for (const char* host : {"n1", "n2"}) {
      ASSERT_TRUE(becomes_true([&] { return ::access((mark + host).c_str(), F_OK) == 0; }));
      ::unlink((mark + host).c_str());
    }
    rstap.send_signal(SIGINT);
    ASSERT_TRUE(wait_for_state(rstap, 2, "done"));
    rstap.send_signal(SIGINT);
    rstap.send_signal(SIGTERM);
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_NE(rstap.out().find("result of n2\n"), std::string::npos) << rstap.captured();
    EXPECT_NE(rstap.err().find("rstap: 2 targets: 2 succeeded"), std::string::npos) << rstap.err();
  }
}

// 300 MB that nothing can keep: some 256 MiB of it are shown at once, the rest as it comes, and none is lost.
TEST_F(RstapGather, WhatCannotBeKeptIsShownAtOnceAndTheRestAsItComes) {
  const std::string disk = scratch_.make_folder("disk");
  mounts_.small_disk(disk, 64);
  set_runner(kLongLines + " | head -c 150000000; echo; echo the end of $WHO; echo error of $WHO >&2");
  ProgramOptions options = rstap_on("n[1-2]", {"--gather"});
  options.env.push_back("TMPDIR=" + disk);
  const std::string limit = STAPSH_SANITIZED != 0 ? "" : "ulimit -v 1500000; ";  // A sanitizer takes terabytes.
  const std::string count =
      "{ sub(/^n[12]: /, \"\"); count[$0]++ } END { for (line in count) print count[line], line }";
  const std::string script = "set -o pipefail; " + limit + "\"$@\" | awk '" + count + "'";
  options.argv.insert(options.argv.begin(), {"/bin/bash", "-c", script, "bash"});
  Program rstap(options);
  EXPECT_EQ(rstap.wait_exit(std::chrono::seconds(100)), 0) << rstap.captured();
  // Each has been in one header as well.
  for (const std::string host : {"n1", "n2"}) {
    for (const std::string& line : {"150000 " + host + std::string(997, '0'), "1 " + host, "1 the end of " + host}) {
      EXPECT_NE(("\n" + rstap.out()).find("\n" + line + "\n"), std::string::npos) << rstap.out();
    }
  }
  EXPECT_TRUE(
      rstap.err().starts_with("rstap: --gather: a temporary file (TMPDIR chooses another place): No space left "
                              "on device: what was said until now follows at once"))
      << rstap.captured();
  EXPECT_EQ(rstap.err().find("--gather", 20), std::string::npos) << rstap.err();
}

// 77 MB of lines that are not finished, of 1,200 targets, are more than is held beside what is shown.
TEST_F(RstapGather, UnfinishedLinesOfManyAreNotLostWhereItCannotBeKept) {
  const std::string disk = scratch_.make_folder("disk");
  mounts_.small_disk(disk, 8);
  const std::string recording = R"awk(
    function say(target, text) {
      print "{\"event\":\"output\",\"time\":2.5,\"target\":" target ",\"stream\":\"stdout\",\"text\":\"" text "\"}"
    }
    BEGIN {
      printf "{\"event\":\"run_started\",\"time\":1.5,\"format\":1,\"version\":\"1\",\"script\":\"-e\",\"command\":\"x\","
      printf "\"targets\":["
      for (i = 0; i < 1200; i++) printf "%s{\"name\":\"n%d\",\"uri\":\"ssh://n%d\"}", i ? "," : "", i, i
      print "]}"
      xs = "x"
      while (length(xs) < 64000) xs = xs xs
      xs = substr(xs, 1, 64000)
      for (i = 0; i < 1200; i++) say(i, i " " xs)
      for (i = 0; i < 5000; i++) say(0, xs "\\n")
      for (i = 0; i < 1200; i++) {
        say(i, "y")
        printf "{\"event\":\"ended\",\"time\":3.5,\"target\":" i ",\"outcome\":\"ended\",\"exit_code\":0,\"remains\":\"clean\",\"has_output\":true,"
        print "\"stdout_bytes\":" (i ? 64001 : 320069001) ",\"stderr_bytes\":0}"
      }
      print "{\"event\":\"run_ended\",\"time\":4.5,\"exit_code\":0}"
    })awk";
  const std::string program = scratch_.write("recording.awk", recording);
  const std::string script = "set -o pipefail; awk -f " + program + " | \"$0\" replay - --gather | tr -cd xy | wc -c";
  ProgramOptions options = client({"/bin/bash", "-c", script, STAPSH_CLIENT});
  options.env.push_back("TMPDIR=" + disk);
  Program replay(options);
  EXPECT_EQ(replay.wait_exit(std::chrono::seconds(100)), 0) << replay.captured();
  EXPECT_EQ(replay.out(), std::to_string(6200 * 64000 + 1200) + "\n") << replay.err();
}

// It is shown before the run's end, and what follows comes line by line: the last text could end in such lines.
TEST_F(RstapGather, WhatIsShownEarlyEndsInARule) {
  const std::string disk = scratch_.make_folder("disk");
  mounts_.small_disk(disk, 8);
  set_runner("yes \"n1: lie $(printf %0991d 0)\" | head -c 320000000; echo end");
  ProgramOptions options = rstap_on("n2", {"--gather"});
  options.env.push_back("TMPDIR=" + disk);
  options.argv.insert(options.argv.begin(), {"/bin/bash", "-c", "\"$@\" | uniq -c | sed 's/^ *//'", "bash"});
  Program rstap(options);
  EXPECT_EQ(rstap.wait_exit(std::chrono::seconds(100)), 0) << rstap.captured();
  EXPECT_TRUE(std::regex_match(rstap.out(), std::regex("1 -{15}\n1 n2\n1 -{15}\n[0-9]+ n1: lie 0+\n1 -{15}\n"
                                                       "[0-9]+ n2: n1: lie 0+\n1 n2: end\n")))
      << rstap.captured();
}

TEST_F(RstapGather, AReaderThatLeavesMeanwhileEndsTheRun) {
  const std::string disk = scratch_.make_folder("disk");
  mounts_.small_disk(disk, 64);
  set_runner(kLongLines);
  ProgramOptions options = rstap_on("n[1-2]", {"--gather"});
  options.env.push_back("TMPDIR=" + disk);
  options.argv.insert(options.argv.begin(),
                      {"/bin/bash", "-c", "\"$@\" | head -c 3000000 | wc -c; echo ${PIPESTATUS[0]}", "bash"});
  Program rstap(options);
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(rstap.out(), "3000000\n141\n") << rstap.captured();
}

TEST_F(RstapGather, AReaderThatLeavesEndsIt) {
  set_runner("yes $WHO | head -c 3000000");
  ProgramOptions options = rstap_on("n[1-2]", {"--gather", "-v"});
  options.read_output = false;
  Program rstap(options);
  ASSERT_TRUE(wait_for_state(rstap, 2, "done"));
  rstap.close_output();
  EXPECT_EQ(rstap.wait_exit(), 128 + SIGPIPE) << rstap.captured();
}

}  // namespace
}  // namespace stapsh::real
