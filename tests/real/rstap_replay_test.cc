// SPDX-License-Identifier: Apache-2.0
// A recording in the place of the run: the same bytes, and an answer for every recording that is not whole.
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>

#include "recorded_run.h"

namespace stapsh::real {
namespace {

class RstapReplay : public RecordedRun {};

TEST_F(RstapReplay, BinaryOutputWithoutAnEndOfThreeTargets) {
  expect_replay_shows_the_run(fake({"stapsh:", "stapsh:", "exec:/usr/bin/stapsh"},
                                   {"say:caf\xc3\xa9", "warn:a warning", "out:100000", "err:300",
                                    "say:\x1b]0;x\x07\xe2\x80\xae", "chunks:65531x9", "warn:no end", "out:7"}));
}

TEST_F(RstapReplay, OneTargetPassesThrough) {
  expect_replay_shows_the_run(fake({"stapsh:"}, {"out:70000", "err:70000", "say:last", "exit:3"}));
}

TEST_F(RstapReplay, FailuresAndAKilledRunner) {
  expect_replay_shows_the_run(
      fake({"stapsh:", "exec:echo no agent here >&2; exit 3", "unix:/nowhere/agent.sock"}, {"say:before", "die:9"}));
}

TEST_F(RstapReplay, StapbpfOnTwoTargets) {
  expect_replay_shows_the_run({"--bpf", "--remote", "stapsh:", "--remote", "stapsh:", stap_.one()});
}

TEST_F(RstapReplay, ScriptThatDoesNotBuild) {
  expect_replay_shows_the_run({"--bpf", "--remote", "stapsh:", "-e", "probe begin { nonsense = }"});
}

TEST_F(RstapReplay, BpftraceAndItsMaps) {
  expect_replay_shows_the_run({"--remote", "stapsh:", "--remote", "stapsh:",
                               scratch_.write("maps.bt", "BEGIN { @a = hist(5); @b[\"x\"] = count(); exit(); }")});
}

TEST_F(RstapReplay, JsonAndARecordingAreTheSameBytesAlsoWhenReplayed) {
  const std::string file = scratch_.path("run.json");
  Words words = rstap(fake({"stapsh:", "stapsh:"}, {"say:hello", "out:5000", "exit:2"}));
  words.insert(words.end(), {"--format=json", "--record", file});
  Program rstap(client(words));
  EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
  EXPECT_EQ(rstap.out(), content(file));
  Program replay(client({STAPSH_CLIENT, "replay", file, "--format=json", "--record", scratch_.path("again.json.zst")}));
  EXPECT_EQ(replay.wait_exit(), 2) << replay.captured();
  EXPECT_EQ(replay.out(), content(file));
  Program unpacked(client({"zstd", "-dcq", scratch_.path("again.json.zst")}));
  EXPECT_EQ(unpacked.wait_exit(), 0);
  EXPECT_EQ(unpacked.out(), content(file));
}

// What had happened a second before is there.
TEST_F(RstapReplay, RecordingOfAKilledRstapIsShownAndSaysThatItWasCut) {
  for (const char* name : {"killed.json", "killed.zst"}) {
    SCOPED_TRACE(name);
    const std::string file = scratch_.path(name);
    Words words = rstap(fake({"stapsh:"}, {"say:said before", "forever"}));
    words.insert(words.end(), {"--record", file});
    {
      Program rstap(client(words));
      ASSERT_TRUE(rstap.wait_for_out("said before\n"));
      ASSERT_TRUE(becomes_true([&] {
        Program replay(client({STAPSH_CLIENT, "replay", file}));
        (void)replay.wait_exit();
        return replay.out() == "said before\n";
      }));
      rstap.send_signal(SIGKILL);
      (void)rstap.wait_exit();
    }
    Program replay(client({STAPSH_CLIENT, "replay", file}));
    EXPECT_EQ(replay.wait_exit(), 1) << replay.captured();
    EXPECT_EQ(replay.out(), "said before\n");
    EXPECT_NE(replay.err().find("rstap: " + file + ": cut after line "), std::string::npos) << replay.captured();
    EXPECT_NE(replay.err().find("stapsh: failed: the recording was cut before its end"), std::string::npos)
        << replay.captured();
    expect_nothing_left();
  }
}

TEST_F(RstapReplay, FullDiskEndsTheRecordingAndNotTheRun) {
  const std::string disk = scratch_.make_folder("disk");
  mounts_.small_disk(disk, 64);
  for (const char* name : {"/run.json", "/run.zst"}) {
    Words words = rstap(fake({"stapsh:"}, {"chunks:60000x40", "say:the end"}));
    words.insert(words.end(), {"--record", disk + name});
    Program rstap(client(words));
    const int code = rstap.wait_exit();
    EXPECT_TRUE(rstap.out().ends_with("the end\n"));
    EXPECT_EQ(rstap.out().size(), 40 * 60'000 + std::string_view("the end\n").size());
    const std::string line = "rstap: --record: " + disk + name + ": No space left on device; the recording ends here";
    // What repeats itself is small when it is compressed.
    if (std::string_view(name).ends_with("zst") && code == 0) continue;
    EXPECT_EQ(code, 1) << rstap.err();
    EXPECT_NE(rstap.err().find(line), std::string::npos) << rstap.err();
    EXPECT_NE(rstap.err().find("1 target: 1 succeeded"), std::string::npos) << rstap.err();
  }
}

TEST_F(RstapReplay, WhatIsNoRecordingIsSaidInOneLine) {
  const std::string run = R"({"event":"run_started","time":1,"format":1,"version":"1","script":"x","targets":[]})"
                          "\n"
                          R"({"event":"run_ended","time":2,"exit_code":0})"
                          "\n";
  struct Case {
    std::string_view name, bytes, want;
    int code;
  };
  const std::string two_runs = run + run;
  const Case cases[] = {
      {"empty", "", "empty; nothing was recorded", 2},
      {"blank lines", "\n\n", "empty lines alone; nothing was recorded", 2},
      {"garbage", "no recording\n", "line 1: no recording of rstap", 2},
      {"other version", R"({"event":"run_started","time":1,"format":7,"version":"9.1"})", "format 7 by rstap 9.1", 2},
      {"utf-16", {"\xff\xfe{\0\"\0e\0", 8}, "UTF-16; turn it back with iconv", 2},
      {"two runs", two_runs, "line 3: something follows the end of the run", 1},
      {"binary",
       {"\x7f"
        "ELF\0\0\0\0",
        8},
       "no recording of rstap",
       2},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string file = scratch_.write("file", c.bytes);
    Program replay(client({STAPSH_CLIENT, "replay", file, "--quiet"}));
    EXPECT_EQ(replay.wait_exit(), c.code) << replay.captured();
    EXPECT_TRUE(replay.err().starts_with("rstap: " + file + ": ")) << replay.captured();
    EXPECT_NE(replay.err().find(c.want), std::string::npos) << replay.captured();
    EXPECT_EQ(replay.err().find('\n') + 1, replay.err().size()) << "more than a line: " << replay.captured();
  }
  Program folder(client({STAPSH_CLIENT, "replay", scratch_.root()}));
  EXPECT_EQ(folder.wait_exit(), 2);
  EXPECT_NE(folder.err().find("a folder"), std::string::npos) << folder.captured();
}

// Somebody has cut it, or written it; what is missing did not succeed.
TEST_F(RstapReplay, ARunThatEndsBeforeItsTargetsWasCut) {
  const std::string begin = R"({"event":"run_started","time":1,"format":1,"version":"1","script":"x","targets":[)"
                            R"({"name":"a","uri":"a"},{"name":"b","uri":"b"}]})"
                            "\n"
                            R"({"event":"output","time":2,"target":1,"stream":"stdout","text":"said\n"})"
                            "\n";
  const std::string ended = R"({"event":"ended","time":2,"target":0,"outcome":"ended","exit_code":0,"remains":"clean",)"
                            R"("has_output":true,"stdout_bytes":1,"stderr_bytes":0})"
                            "\n";
  const std::string end = R"({"event":"run_ended","time":3,"exit_code":0})"
                          "\n";
  for (const auto& [text, who, names] :
       {std::tuple(begin + ended + end, "b", "b"), std::tuple(begin + end, "a and 1 more", "a,b")}) {
    SCOPED_TRACE(who);
    const std::string file = scratch_.write("file", text);
    Program replay(client({STAPSH_CLIENT, "replay", file}));
    EXPECT_EQ(replay.wait_exit(), 1) << replay.captured();
    EXPECT_EQ(replay.out(), "said\n");
    EXPECT_NE(replay.err().find("rstap: " + file + ": the recording ends before " + who + " ended\n"),
              std::string::npos)
        << replay.captured();
    EXPECT_NE(replay.err().find(std::string("rstap: ") + names + ": failed: the recording ends before it did"),
              std::string::npos)
        << replay.captured();
    Program again(client({STAPSH_CLIENT, "replay", file, "--format=json"}));
    EXPECT_EQ(again.wait_exit(), 1);
    EXPECT_TRUE(again.out().ends_with(R"("exit_code":1})"
                                      "\n"))
        << again.captured();
  }
}

// The recorded run was stopped by a ctrl-C: that was no ctrl-C of who reads the replay.
TEST_F(RstapReplay, ReaderThatGoesEndsTheReplay) {
  const std::string file = scratch_.path("stopped.json");
  Words words = rstap(fake({"stapsh:"}, {"catch:1", "catch:2", "catch:15", "say:ready", "pause", "chunks:60000x200"}));
  words.insert(words.end(), {"--record", file});
  {
    ProgramOptions how = client(words);
    how.kept_bytes_max = 100;
    Program rstap(how);
    ASSERT_TRUE(rstap.wait_for_out("ready\n"));
    rstap.send_signal(SIGINT);
    (void)rstap.wait_exit();
  }
  Program head(client(
      {"/bin/bash", "-c", std::string(STAPSH_CLIENT) + " replay " + file + " | head -c 6; echo ${PIPESTATUS[0]}"}));
  (void)head.wait_exit();
  EXPECT_EQ(head.out(), "ready\n141\n") << head.captured();
}

// What two say in the same moment, in pieces: each piece an event, with the seconds after the run's begin.
TEST_F(RstapReplay, BlocksOfTwoStayWholeAndClearedScreensHaveNames) {
  std::string file = R"({"event":"run_started","time":1,"format":1,"version":"1","script":"x","targets":[)"
                     R"({"name":"a","uri":"a"},{"name":"b","uri":"b"}]})"
                     "\n";
  const auto say = [&](std::string_view time, int target, std::string_view text) {
    file += R"({"event":"output","time":)" + std::string(time) + R"(,"target":)" + std::to_string(target) +
            R"(,"stream":"stdout","text":")" + std::string(text) + "\"}\n";
  };
  say("2.000", 0, R"(\u001b[1;1H\u001b[Ja1\n)");
  say("2.001", 1, R"(b1\nb)");
  say("2.002", 0, R"(a2\na)");
  say("2.003", 1, R"(2\n)");
  say("2.004", 0, R"(3\n)");
  say("3.000", 0, R"(\u001b[1;1H\u001b[Ja4\n)");
  for (const char* target : {"0", "1"}) {
    file += R"({"event":"ended","time":4,"target":)" + std::string(target) +
            R"(,"outcome":"ended","exit_code":0,"remains":"clean","has_output":true,"stdout_bytes":9,"stderr_bytes":0})"
            "\n";
  }
  file += R"({"event":"run_ended","time":5,"exit_code":0})"
          "\n";
  const std::string recording = scratch_.write("run.json", file), rule = "a: ---------------\n";
  const auto shown = [&](const std::string& option) {
    Program replay(client({STAPSH_CLIENT, "replay", recording, option}));
    EXPECT_EQ(replay.wait_exit(), 0) << replay.captured();
    return replay.out();
  };
  EXPECT_EQ(shown("--progress=never"), rule + "a1\na2\na3\nb1\nb2\n" + rule + "a4\n");
  EXPECT_EQ(shown("--line-buffer"), rule + "a1\nb1\na2\nb2\na3\n" + rule + "a4\n");
}

}  // namespace
}  // namespace stapsh::real
