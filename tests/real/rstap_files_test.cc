// SPDX-License-Identifier: Apache-2.0
// --outdir, --errdir: a file per target.
#include <csignal>
#include <filesystem>

#include "harness/here_fleet.h"

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

class RstapFiles : public HereFleetTest {
 protected:
  [[nodiscard]] std::string file(const std::string& name) const { return read_file(scratch_.path(name)); }
};

TEST_F(RstapFiles, EachTargetHasItsBytesAndAllIsShownAsUsual) {
  set_runner("printf '%s\\0\\n' $WHO; [ $WHO = n1 ] && printf unfinished; echo error of $WHO >&2");
  Program rstap(rstap_on("n[1-3]", {"--label", "--outdir=new/out", "--errdir=new/err"}));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(file("new/out/n1"), std::string("n1\0\nunfinished", 14));
  EXPECT_EQ(file("new/out/n3"), std::string("n3\0\n", 4));
  EXPECT_EQ(file("new/err/n2"), "error of n2\n");
  EXPECT_NE(rstap.out().find("n1: unfinished\n"), std::string::npos) << rstap.captured();
  EXPECT_NE(rstap.err().find("n3: error of n3\n"), std::string::npos) << rstap.captured();
}

TEST_F(RstapFiles, TogetherWithGatherTheyAreWrittenAsItComes) {
  const std::string mark = scratch_.path("up.");
  set_runner("echo up; : > " + mark + "$WHO; exec sleep 1000");
  Program rstap(rstap_on("n[1-2]", {"--gather", "--outdir=out"}));
  EXPECT_TRUE(becomes_true([&] { return file("out/n1") == "up\n" && file("out/n2") == "up\n"; }));
  rstap.send_signal(SIGKILL);  // What is written is written.
  EXPECT_EQ(rstap.wait_exit(), 137);
  EXPECT_EQ(file("out/n1"), "up\n");
}

TEST_F(RstapFiles, FilesLeaveTheirDescriptorsToTargets) {
  set_runner("i=0; while [ $i -lt 20 ]; do echo $WHO; echo $WHO >&2; i=$((i+1)); done");
  ProgramOptions options = rstap_on("n[1-150]", {"--quiet", "--outdir=out", "--errdir=err"});
  options.argv.insert(options.argv.begin(), {"/bin/sh", "-c", "ulimit -n 700 && exec \"$@\"", "sh"});
  Program rstap(options);
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.err();
  for (int i = 1; i <= 150; i++) {
    const std::string name = "n" + std::to_string(i);
    std::string want;
    for (int line = 0; line < 20; line++) want += name + "\n";
    EXPECT_EQ(file("out/" + name), want);
    EXPECT_EQ(file("err/" + name), want);
  }
}

TEST_F(RstapFiles, AFullDiskIsSaidOnceAndTheRunGoesOn) {
  const std::string disk = scratch_.make_folder("disk");
  mounts_.small_disk(disk, 64);
  set_runner("head -c 100000 /dev/zero; echo done");
  Program rstap(rstap_on("n[1-3]", {"--outdir=" + disk}));
  EXPECT_EQ(rstap.wait_exit(), 1) << rstap.err();
  EXPECT_EQ(rstap.out_bytes(), 3u * (100'000 + 5));
  const std::string said = ": No space left on device; ";
  const std::size_t first = rstap.err().find(said);
  ASSERT_NE(first, std::string::npos) << rstap.err();
  EXPECT_EQ(rstap.err().find(said, first + 1), std::string::npos) << rstap.err();
  EXPECT_NE(rstap.err().find("rstap: 3 targets: 3 succeeded"), std::string::npos) << rstap.err();
}

TEST_F(RstapFiles, AFolderThatCannotBeWrittenIsAnErrorBeforeAnythingRuns) {
  set_runner("echo ran");
  const std::string no_folder = scratch_.write("no-folder", "");
  for (const char* option : {"--outdir", "--errdir"}) {
    Program rstap(rstap_on("n1", {std::string(option) + "=" + no_folder}));
    EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
    EXPECT_EQ(rstap.out(), "");
    EXPECT_EQ(rstap.err(), "rstap: " + std::string(option) + ": " + no_folder +
                               ": Not a directory; name a folder that you can write to\n");
  }
}

// Whatever leads to it, and whether it was there before: one of them would have been lost.
TEST_F(RstapFiles, NoFileIsTwoThings) {
  set_runner("echo ran");
  (void)fs::create_directory(scratch_.path("out"));
  struct Case {
    std::vector<std::string> words;
    std::string want;
  };
  const Case cases[] = {
      {{"--record=new", "--joblog=new"}, "--joblog: new: it is --record's file as well; give another name"},
      {{"--record=out/n1", "--outdir=out"}, "--outdir: out/n1: it is --record's file as well; give another name"},
      {{"--errdir=out", "--joblog=./out/n1"}, "--errdir: out/n1: it is --joblog's file as well; give another name"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    Program rstap(rstap_on("n1", c.words));
    EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
    EXPECT_EQ(rstap.out(), "");
    EXPECT_EQ(rstap.err(), "rstap: " + c.want + "\n");
    EXPECT_EQ(file("new"), "");
    fs::remove(scratch_.path("out/n1"));
  }
}

TEST_F(RstapFiles, LinksAreOneFile) {
  set_runner("echo ran");
  for (const char* folder : {"out", "err"}) (void)fs::create_directory(scratch_.path(folder));
  const std::string first = scratch_.write("out/n1", "earlier\n");
  fs::create_hard_link(first, scratch_.path("out/n2"));
  fs::create_hard_link(first, scratch_.path("err/n3"));
  struct Case {
    std::string hosts;
    std::vector<std::string> words;
    std::string want;
  };
  const Case cases[] = {
      {"n[1-2]", {"--outdir=out"}, "--outdir: out/n2: it is out/n1 as well; give another name"},
      {"n[1,3]", {"--outdir=out", "--errdir=err"}, "--errdir: err/n3: it is out/n1 as well; give another name"},
  };
  for (const Case& c : cases) {
    Program rstap(rstap_on(c.hosts, c.words));
    EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
    EXPECT_EQ(rstap.err(), "rstap: " + c.want + "\n");
    EXPECT_EQ(file("out/n1"), "earlier\n");
  }
}

// A target may have the name of a file that the run is made of.
TEST_F(RstapFiles, WhatIsReadIsNotWritten) {
  struct Case {
    std::string name, remote, content, what;
    std::vector<std::string> words;
  };
  const std::string script = scratch_.write("web.bt", "BEGIN { exit(); }\n");
  const Case cases[] = {
      {"web.bt", "web.bt", "BEGIN { exit(); }\n", "the script", {}},
      {"list", "@list", "list\n", "a list of targets", {}},
      {"nested", "@outer", "nested\n", "a list of targets", {}},
      {"hosts", "", "hosts\n", "a list of targets", {"--inventory=hosts"}},
      {"config", "config", "[options]\nquiet = true\n", "the configuration", {"--config=config"}},
  };
  (void)scratch_.write("outer", "@nested\n");
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    (void)scratch_.write(c.name, c.content);
    std::vector<std::string> words{STAPSH_CLIENT, "--outdir=."};
    if (!c.remote.empty()) words.insert(words.end(), {"--remote", c.remote});
    words.insert(words.end(), c.words.begin(), c.words.end());
    words.push_back(script);
    Program rstap(client(words));
    EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
    EXPECT_EQ(rstap.err(), "rstap: --outdir: ./" + c.name + ": it is " + c.what + " as well; give another name\n");
    EXPECT_EQ(file(c.name), c.content);
  }
}

TEST_F(RstapFiles, WhatIsReplayedIsNotWritten) {
  set_runner("echo ran");
  ASSERT_EQ(Program(rstap_on("n1", {"--quiet", "--record=run.json"})).wait_exit(), 0);
  const std::string before = file("run.json");
  (void)fs::create_directory(scratch_.path("out"));
  fs::create_hard_link(scratch_.path("run.json"), scratch_.path("out/n1"));
  struct Case {
    std::string word, want;
  };
  const std::string advice = ": it is the recording that is shown as well; give another name";
  const Case cases[] = {
      {"--joblog=out/n1", "--joblog: out/n1" + advice},
      {"--record=run.json", "--record: run.json" + advice},
      {"--outdir=out", "--outdir: out/n1" + advice},
      {"--format=json >> run.json", "standard output" + advice},
  };
  for (const Case& c : cases) {
    for (const std::string input : {"run.json", "- < run.json"}) {
      SCOPED_TRACE(c.word + " " + input);
      Program replay(client({"/bin/sh", "-c", std::string(STAPSH_CLIENT) + " replay " + input + " " + c.word}));
      EXPECT_EQ(replay.wait_exit(), 2) << replay.captured();
      EXPECT_EQ(replay.err(), "rstap: " + c.want + "\n");
      EXPECT_EQ(file("run.json"), before);
    }
  }
}

TEST_F(RstapFiles, MaxrcIsTheLargestCode) {
  set_runner("exit ${WHO#n}");
  Program first(rstap_on("n[3,7,5]", {"--quiet"}));
  EXPECT_EQ(first.wait_exit(), 3) << first.captured();
  Program largest(rstap_on("n[3,7,5]", {"--quiet", "--maxrc"}));
  EXPECT_EQ(largest.wait_exit(), 7) << largest.captured();
}

}  // namespace
}  // namespace stapsh::real
