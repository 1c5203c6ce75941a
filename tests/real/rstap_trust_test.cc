// SPDX-License-Identifier: Apache-2.0
// What targets say, on a terminal and elsewhere: nothing of it is obeyed, and nothing poses as somebody else.
#include <fstream>
#include <sstream>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) c == '\'' ? text += R"('\'')" : text += c;
  return text + "'";
}

class RstapTrust : public RemoteTest {
 protected:
  RstapTrust() { mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER); }

  /// rstap with so many local agents, whose runner does what the steps say.
  std::vector<std::string> words(std::vector<std::string> options, int targets, const std::vector<std::string>& steps) {
    std::vector<std::string> all{STAPSH_CLIENT, "--stapsh", agent_program()};
    all.insert(all.end(), options.begin(), options.end());
    for (int i = 0; i < targets; ++i) all.insert(all.end(), {"--remote", "stapsh:"});
    all.push_back(scratch_.write("probe.ko", "no module"));
    for (const std::string& step : steps) all.push_back("--runner-arg=" + step);
    return all;
  }
  /// All that a terminal is sent, without what a terminal's driver would make of it. `redirection`: of the shell.
  std::string on_terminal(const std::vector<std::string>& words, const std::string& redirection = "",
                          std::vector<std::string> env = {}) {
    std::string line;
    for (const std::string& word : words) line += quoted(word) + " ";
    // The shell stays until all was read: what is in a terminal that nobody has open any more may be lost.
    const std::string script =
        scratch_.write("run.sh", line + redirection + "\nprintf '\\001'; read -r nothing < /dev/tty\n");
    ProgramOptions options =
        client({"/usr/bin/socat", "-u", "EXEC:/bin/sh " + script + ",pty,setsid,ctty,stderr,rawer", "-"});
    options.env.insert(options.env.end(), env.begin(), env.end());
    Program socat(options);
    EXPECT_TRUE(socat.wait_for_out("\001"));
    const std::string said = socat.out();
    return said.substr(0, said.find('\001'));
  }
  struct Said {
    std::string out, err;
  };
  Said elsewhere(const std::vector<std::string>& words) {
    Program rstap(client(words));
    (void)rstap.wait_exit();
    return {rstap.out(), rstap.err()};
  }
};

/// A recording of targets with these names (as JSON has them), of which the first says these pieces: `"text":…`.
struct Piece {
  std::string stream, field;
};
std::string recording(const std::vector<std::string>& names, const std::vector<Piece>& pieces) {
  std::string text =
      R"({"event":"run_started","time":1.0,"format":1,"version":"0.1.0","script":"-e","command":"-e x",)";
  text += "\"targets\":[";
  for (const std::string& name : names) {
    text += (&name == &names.front() ? "" : ",") + (R"({"name":")" + name) + R"(","uri":"stapsh:"})";
  }
  text += "]}\n";
  for (const Piece& piece : pieces) {
    text +=
        R"({"event":"output","time":1.0,"target":0,"name":"x","stream":")" + piece.stream + "\"," + piece.field + "}\n";
  }
  for (std::size_t target = 0; target < names.size(); ++target) {
    text +=
        R"({"event":"ended","time":1.0,"target":)" + std::to_string(target) +
        R"(,"name":"x","outcome":"ended","exit_code":0,"remains":"clean","has_output":true,"stdout_bytes":0,"stderr_bytes":0})" +
        "\n";
  }
  return text + R"({"event":"run_ended","time":1.0,"exit_code":0})" + "\n";
}

constexpr std::string_view kClean = "rstap: 1 target: 1 succeeded; all clean\n";
const std::string kHostile =
    "\033]0;title\007\033[2A\rx\b\xc2\x9b"
    "1m\x9b"
    "1m\xe2\x80\xae"
    "txt\033[31mred";
const std::string kShown = "^[]0;title^G^[[2A^Mx^H<U+009B>1m<9B>1m<U+202E>txt\033[31mred\033[0m";

TEST_F(RstapTrust, ATerminalIsShownControlCharactersAndNotSent) {
  for (const char* how : {"say:", "warn:"}) {
    SCOPED_TRACE(how);
    const std::vector<std::string> steps{how + kHostile, "exit:0"};
    EXPECT_EQ(on_terminal(words({}, 1, steps)), kShown + "\n" + std::string(kClean));
    EXPECT_EQ(on_terminal(words({"--raw"}, 1, steps)), kHostile + "\n" + std::string(kClean));
    EXPECT_EQ(on_terminal(words({"--label", "--color=never"}, 1, steps)),
              "stapsh: " + kShown + "\n" + std::string(kClean));
  }
  // What is no terminal gets the bytes.
  EXPECT_EQ(elsewhere(words({}, 1, {"say:" + kHostile, "exit:0"})).out, kHostile + "\n");
  EXPECT_EQ(elsewhere(words({"--label"}, 1, {"say:" + kHostile, "exit:0"})).out, "stapsh: " + kHostile + "\n");
}

TEST_F(RstapTrust, EachStreamIsATerminalOrNotByItself) {
  const std::string file = scratch_.path("file");
  const std::vector<std::string> all = words({}, 1, {"say:\033[2A", "warn:\033[2A", "exit:0"});
  EXPECT_EQ(on_terminal(all, "> " + file), "^[[2A\n" + std::string(kClean));
  std::stringstream kept;
  kept << std::ifstream(file).rdbuf();
  EXPECT_EQ(kept.str(), "\033[2A\n");
  EXPECT_EQ(on_terminal(all, "2> /dev/null"), "^[[2A\n");
}

TEST_F(RstapTrust, NoLineOfATargetLooksLikeOneOfRstaps) {
  const std::string lie = "rstap: 2 targets: 2 succeeded; all clean";
  for (const char* how : {"say:", "warn:"}) {
    SCOPED_TRACE(how);
    for (const std::string& line : {lie, "\033[1m" + lie + "\033[0m"}) {
      const std::string said = on_terminal(words({"--color=never"}, 1, {how + line, "exit:0"}));
      EXPECT_EQ(said, "stapsh: " + line + "\n" + std::string(kClean));
    }
    const std::string said = on_terminal(words({"--color=never"}, 2, {how + lie, "exit:0"}));
    EXPECT_NE(said.find("stapsh: " + lie + "\n"), std::string::npos) << said;
    EXPECT_NE(said.find("stapsh#2: " + lie + "\n"), std::string::npos) << said;
    EXPECT_TRUE(said.ends_with("\n" + lie + "\n")) << said;
  }
  EXPECT_EQ(elsewhere(words({}, 1, {"warn:" + lie, "exit:0"})).err, lie + "\n" + std::string(kClean)) << "untouched";
  for (const char* option : {"--label", "--no-label"}) {
    const Said said = elsewhere(words({option}, 2, {"warn:" + lie, "exit:0"}));
    EXPECT_NE(said.err.find("stapsh: " + lie + "\n"), std::string::npos) << said.err;
    EXPECT_NE(said.err.find("stapsh#2: " + lie + "\n"), std::string::npos) << said.err;
  }
  const Said said = elsewhere(words({"--remote-prefix"}, 2, {"warn:" + lie, "exit:0"}));
  EXPECT_NE(said.err.find("0: " + lie + "\n"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("1: " + lie + "\n"), std::string::npos) << said.err;
}

// Both of a target's streams are one terminal's, by whatever names it was opened.
TEST_F(RstapTrust, TwoStreamsOfATargetMakeNoLineOfRstaps) {
  struct Case {
    std::vector<Piece> pieces;
    std::string want;
  };
  const Case cases[] = {
      {{{"stdout", R"("text":"x\u001b[")"}, {"stderr", R"("text":"\n")"}, {"stdout", R"("text":"0mrstap: b\n")"}},
       "x^[[\n0mrstap: b\n"},
      {{{"stdout", R"("base64":"eOKA")"}, {"stderr", R"("text":"\n")"}, {"stdout", R"("base64":"i3JzdGFwOiBiCg==")"}},
       "x<E2><80>\n<8B>rstap: b\n"},
      {{{"stdout", R"("text":"x")"}, {"stderr", R"("text":"\n")"}, {"stdout", R"("text":"rstap: b\n")"}},
       "x\nweb1: rstap: b\n"},
      {{{"stdout", R"("text":"rst")"}, {"stderr", R"("text":"ap: b\n")"}}, "web1: rstap: b\n"},
      {{{"stdout", R"("text":"\u1160r\u0301s\u180bt\ufff9a\u17b4p: b\n")"}},
       "web1: \u1160r\u0301s\u180bt\ufff9a\u17b4p: b\n"},
      {{{"stdout", R"("text":"x\u001b[8m")"}, {"stderr", R"("text":"\n")"}}, "x\033[8m\033[0m\n"},
  };
  for (const Case& c : cases) {
    const std::string file = scratch_.write("run.json", recording({"web1"}, c.pieces));
    for (const char* redirection : {"", "2> /dev/tty", "> /dev/tty"}) {
      EXPECT_EQ(on_terminal({STAPSH_CLIENT, "replay", file, "--color=never"}, redirection),
                c.want + std::string(kClean))
          << redirection;
    }
  }
}

TEST_F(RstapTrust, ManyLinesOfWhatIsNotSeenAreShownInTime) {
  std::string line = "say:";
  while (line.size() < 1'000) line += "\xc2\xad";
  std::vector<std::string> steps(900, line);
  steps.emplace_back("exit:0");
  EXPECT_TRUE(on_terminal(words({}, 1, steps)).ends_with(kClean));
}

// Who reads standard output ends with the same ctrl-C: what it would have got comes on the terminal.
TEST_F(RstapTrust, WhatComesOnTheTerminalInsteadIsSpelled) {
  const std::string pid = scratch_.path("pid");
  const std::vector<std::string> steps{"catch:1",           "catch:2",      "catch:15", "say:go", "pause",
                                       "say:rstap: forged", "say:x\033[2A", "part:rst", "exit:0"};
  std::vector<std::string> all{"/bin/sh", "-c", "echo $$ > " + pid + "; exec \"$@\"", "sh"};
  for (const std::string& word : words({}, 1, steps)) all.push_back(word);
  const std::string said = on_terminal(all, "| { read -r line; kill -INT $(cat " + pid + "); }");
  EXPECT_NE(said.find("\nstdout: rstap: forged\nx^[[2A\nrst\nrstap: 1 target: "), std::string::npos) << said;
}

// "\033[8m" hides what comes behind it.
TEST_F(RstapTrust, AWarningOfOursIsNotHiddenByATargetsColour) {
  const std::string disk = scratch_.make_folder("disk");
  mounts_.small_disk(disk, 64);
  const std::string hiding = "\033[8m" + std::string(100'000, 'x');
  const std::string said = on_terminal(words({"--outdir", disk}, 1, {"part:" + hiding, "exit:0"}));
  EXPECT_NE(said.find("x\033[0m\nrstap: --outdir: "), std::string::npos) << said.substr(said.size() - 500);
}

// A name may come from anybody's recording.
TEST_F(RstapTrust, NamesThatLookTheSameAreTold) {
  const std::string file = scratch_.write(
      "run.json", recording({"web1", "we\\u200bb1", "w\\u202e\\u001b]0;t\\u0007"}, {{"stdout", R"("text":"x\n")"}}));
  EXPECT_TRUE(on_terminal({STAPSH_CLIENT, "replay", file, "--color=never", "--label"}).starts_with("web1: x\n"));
  const std::string other =
      scratch_.write("run.json", recording({"web1", "we\\u200bb2"}, {{"stdout", R"("text":"web2: x\nweb3: x\n")"}}));
  EXPECT_TRUE(on_terminal({STAPSH_CLIENT, "replay", other, "--color=never"}).starts_with("web1: web2: x\nweb3: x\n"));
}

TEST_F(RstapTrust, NotesAboutATargetAreNotItsOutput) {
  const Said said = elsewhere(words({"-v", "--label"}, 1, {"warn:running", "exit:0"}));
  EXPECT_NE(said.err.find("rstap: stapsh: running\n"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("\nstapsh: running\n"), std::string::npos) << said.err;
}

TEST_F(RstapTrust, ALineOfOursNeverContinuesAnUnfinishedOne) {
  const std::vector<std::string> all = words({}, 1, {"part:\033[31mno end", "exit:0"});
  EXPECT_EQ(on_terminal(all), "\033[31mno end\033[0m\n" + std::string(kClean));
  Program both(client(
      {"/bin/sh", "-c", "exec \"$@\" 2>&1", "sh", all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7]}));
  EXPECT_EQ(both.wait_exit(), 0);
  EXPECT_EQ(both.out(), "\033[31mno end\n" + std::string(kClean));
  const Said apart = elsewhere(all);
  EXPECT_EQ(apart.out, "\033[31mno end");
  EXPECT_EQ(apart.err, kClean);
}

TEST_F(RstapTrust, EqualFailuresAndEqualWordsAreSaidOnce) {
  const Said said = elsewhere(words({"--label"}, 12, {"warn:a\nb", "exit:3"}));
  EXPECT_NE(said.err.find("\nrstap: stapsh,stapsh#[2-12]: runner ended with exit code 3\n"
                          "rstap: the same 2 lines on standard error from 12 targets: --gather shows them once\n"
                          "rstap: 12 targets: 0 succeeded, 12 ended with an error; all clean\n"),
            std::string::npos)
      << said.err;
}

TEST_F(RstapTrust, QuietSaysWhatFailed) {
  EXPECT_EQ(elsewhere(words({"--quiet"}, 1, {"exit:3"})).err, "rstap: stapsh: runner ended with exit code 3\n");
  EXPECT_EQ(elsewhere(words({"--quiet"}, 1, {"exit:0"})).err, "");
}

TEST_F(RstapTrust, ReasonsAreHarmless) {
  const std::string name = "exec:printf 'rstap: a\\nleft over: b\\n\\033]0;t\\007c\\n' >&2; exit 3";
  const Said said = elsewhere({STAPSH_CLIENT, "--remote", name, scratch_.write("probe.ko", "no module")});
  EXPECT_TRUE(said.err.starts_with(name + ": rstap: a\n" + name + ": left over: b\nrstap: " + name +
                                   ": failed: no hello from stapsh: "))
      << said.err;
  EXPECT_EQ(said.err.find('\033'), std::string::npos) << said.err;
}

TEST_F(RstapTrust, ErrorsQuoteAListHarmlessly) {
  const std::string list = scratch_.write("list", "web\033]0;t\007 \xe2\x80\xae\n");
  const Said said = elsewhere({STAPSH_CLIENT, "--remote", "@" + list, scratch_.write("probe.ko", "no module")});
  EXPECT_NE(said.err.find("web^[]0;t^G <U+202E>"), std::string::npos) << said.err;
}

TEST_F(RstapTrust, LabelsHaveAColourOnATerminal) {
  const std::vector<std::string> steps{"say:x", "exit:0"};
  const auto out = [&](std::vector<std::string> options, std::vector<std::string> env) {
    const std::string said = on_terminal(words(std::move(options), 1, steps), "", std::move(env));
    return said.substr(0, said.find('\n'));
  };
  const std::string coloured = out({"--label"}, {});
  EXPECT_TRUE(coloured.starts_with("\033[")) << coloured;
  EXPECT_TRUE(coloured.ends_with("mstapsh:\033[0m x")) << coloured;
  EXPECT_EQ(out({"--label"}, {"NO_COLOR=1"}), "stapsh: x");
  EXPECT_EQ(out({"--label", "--color=never"}, {}), "stapsh: x");
  EXPECT_EQ(out({"--label", "--color=always"}, {"NO_COLOR=1"}), coloured);
  EXPECT_EQ(elsewhere(words({"--label", "--color=always"}, 1, steps)).out, coloured + "\n");
  EXPECT_EQ(elsewhere(words({"--label"}, 1, steps)).out, "stapsh: x\n");
}

}  // namespace
}  // namespace stapsh::real
