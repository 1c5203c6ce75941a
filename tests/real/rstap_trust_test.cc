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
    std::string line = "exec";
    for (const std::string& word : words) line += " " + quoted(word);
    const std::string script = scratch_.write("run.sh", line + " " + redirection + "\n");
    ProgramOptions options =
        client({"/usr/bin/socat", "-u", "EXEC:/bin/sh " + script + ",pty,setsid,ctty,stderr,rawer", "-"});
    options.env.insert(options.env.end(), env.begin(), env.end());
    Program socat(options);
    (void)socat.wait_exit();
    return socat.out();
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

constexpr std::string_view kClean = "rstap: 1 target: 1 succeeded; all clean\n";
const std::string kHostile =
    "\033]0;title\007\033[2J\rx\b\xc2\x9b"
    "1m\x9b"
    "1m\xe2\x80\xae"
    "txt\033[31mred";
const std::string kShown = "^[]0;title^G^[[2J^Mx^H<U+009B>1m<9B>1m<U+202E>txt\033[31mred\033[0m";

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
  const std::vector<std::string> all = words({}, 1, {"say:\033[2J", "warn:\033[2J", "exit:0"});
  EXPECT_EQ(on_terminal(all, "> " + file), "^[[2J\n" + std::string(kClean));
  std::stringstream kept;
  kept << std::ifstream(file).rdbuf();
  EXPECT_EQ(kept.str(), "\033[2J\n");
  EXPECT_EQ(on_terminal(all, "2> /dev/null"), "^[[2J\n");
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
