// SPDX-License-Identifier: Apache-2.0
// The status line in a real terminal.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>

#include "harness/remote_test.h"
#include "harness/terminal.h"

namespace stapsh::real {
namespace {

using Lines = std::vector<std::string>;

// None of it may be among what a person sees after the end.
constexpr std::string_view kStates[] = {"connecting", "building", "running", "stopping"};
bool is_summary(const std::string& line) { return line.find(" succeeded") != std::string::npos; }
bool is_status(const std::string& line) {
  return line.starts_with("rstap: ") && !is_summary(line) &&
         std::any_of(std::begin(kStates), std::end(kStates),
                     [&](std::string_view state) { return line.find(state) != std::string::npos; });
}
std::size_t count_status(const Lines& lines) {
  return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), is_status));
}
bool has_line(const Lines& lines, std::string_view line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}
bool has_end(const Lines& lines, std::string_view end) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.ends_with(end); });
}

/// The last line is 1, the one before 2.
std::string from_end(const Lines& lines, std::size_t at) { return at <= lines.size() ? lines[lines.size() - at] : ""; }

/// The shell's prompt is there after the summary.
bool is_over(const Lines& lines) {
  return from_end(lines, 1) == "$" && std::any_of(lines.begin(), lines.end(), is_summary);
}

class RstapProgress : public RemoteTest {
 protected:
  void SetUp() override {
    RemoteTest::SetUp();
    if (IsSkipped()) return;
    if (::access("/usr/bin/tmux", X_OK) != 0) GTEST_SKIP() << "needs tmux";
    ASSERT_EQ(::mkfifo(scratch_.path("words").c_str(), 0600), 0);
    words_ = ::open(scratch_.path("words").c_str(), O_RDWR | O_CLOEXEC);
    set_runner("echo hello; exec cat " + scratch_.path("words"));
    mounts_.replace("/usr/bin/staprun", scratch_.path("runner"));
    const std::string module = scratch_.write("probe.ko", "no module");
    (void)scratch_.make_folder("bin");
    (void)scratch_.write("bin/run",
                         "#!/bin/sh\necho $$ > " + scratch_.path("pid") + "\nexec " STAPSH_CLIENT " --stapsh " +
                             agent_program() + " \"$@\" " + module + "\n",
                         0755);
  }
  void TearDown() override {
    terminal_.reset();
    if (words_ >= 0) (void)::close(words_);
    RemoteTest::TearDown();
  }

  /// What runs as staprun, in shell.
  void set_runner(std::string_view text) {
    (void)scratch_.write("runner", "#!/bin/bash\n[[ $* == -V ]] && exit\n" + std::string(text) + "\n", 0755);
  }
  /// What the runner says next.
  void say(std::string_view words) {
    ASSERT_EQ(::write(words_, words.data(), words.size()), static_cast<ssize_t>(words.size()));
  }
  Terminal& open_terminal(unsigned columns) {
    const std::string socket = scratch_.path("tmux");
    ProgramOptions maker = client(Terminal::maker(socket, Terminal::plain(scratch_)));
    maker.env.push_back("LC_ALL=C.UTF-8");
    maker.env.push_back("PATH=" + scratch_.path("bin") + ":/usr/bin:/bin:/usr/sbin:/sbin");
    return terminal_.emplace(std::move(maker), socket, columns);
  }
  /// By ctrl-C.
  void stop(const Terminal& terminal) {
    terminal.press("C-c");
    ASSERT_TRUE(terminal.wait_for("a summary and a prompt", is_over));
  }

  std::optional<Terminal> terminal_;
  int words_ = -1;
};

class RstapProgressInColumns : public RstapProgress, public testing::WithParamInterface<unsigned> {};

TEST_P(RstapProgressInColumns, ShowsWhatTheRunIsAtBelowTheOutputAndGoesBeforeTheSummary) {
  Terminal& terminal = open_terminal(GetParam());
  terminal.enter("run --remote stapsh: --remote exec:cat");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 connecting, 1 running; waiting for exec:cat (connecting)"));
  say("one\n");
  say("two\n");
  ASSERT_TRUE(terminal.wait_for("output, then the status", [](const Lines& lines) {
    return from_end(lines, 3) == "one" && from_end(lines, 2) == "two" &&
           from_end(lines, 1).starts_with("rstap: 1 connecting, 1 running; ");
  }));
  stop(terminal);
  const Lines all = terminal.history();
  EXPECT_EQ(count_status(all), 0U) << shown(all);
  EXPECT_TRUE(has_line(all, "one")) << shown(all);
}

TEST_P(RstapProgressInColumns, NeverWraps) {
  Terminal& terminal = open_terminal(GetParam());
  // A name of wide characters, longer than any line.
  std::string name;
  for (int i = 0; i < 200; ++i) name += "長";
  (void)scratch_.write("list", "exec:cat # " + name + "\n");
  terminal.enter("run --remote stapsh: --remote \"exec:cat #$(printf '長%.0s' {1..200})\"");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 connecting, 1 running; waiting for exec:cat #長長"));
  say("one\n");
  ASSERT_TRUE(terminal.wait_for("output, then the status", [](const Lines& lines) {
    return from_end(lines, 2) == "one" && is_status(from_end(lines, 1));
  }));
  EXPECT_EQ(count_status(terminal.screen()), 1U) << shown(terminal.screen());
  stop(terminal);
}

INSTANTIATE_TEST_SUITE_P(Narrow, RstapProgressInColumns, testing::Values(80U));
INSTANTIATE_TEST_SUITE_P(Wide, RstapProgressInColumns, testing::Values(300U));

TEST_F(RstapProgress, StaysOneLineWhileTheTerminalChangesItsWidth) {
  Terminal& terminal = open_terminal(300);
  terminal.enter("run --remote stapsh: --remote exec:cat");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 connecting, 1 running"));
  // A full screen: of one that is not, tmux scrolls away more than it must when lines break, also a part of this one.
  std::string many;
  for (int i = 0; i < 40; ++i) many += "line " + std::to_string(i) + "\n";
  say(many + "one\n");
  ASSERT_TRUE(terminal.wait_for("output, then the status", [](const Lines& lines) {
    return from_end(lines, 2) == "one" && is_status(from_end(lines, 1));
  }));
  for (const unsigned columns : {40U, 120U, 30U, 300U, 20U, 80U}) {
    SCOPED_TRACE(columns);
    terminal.resize(columns);
    // The new line fits; what the terminal made of the old one is gone.
    const std::string begin = std::string("rstap: 1 connecting, 1 running; ").substr(0, columns - 1);
    const auto is_cut = [&] {
      const Lines lines = terminal.history();
      return count_status(lines) == 1 && from_end(lines, 2) == "one" && from_end(lines, 1).starts_with(begin) &&
             from_end(lines, 1).size() < columns;
    };
    ASSERT_TRUE(becomes_true(is_cut)) << shown(terminal.history());
  }
  say("two\n");
  ASSERT_TRUE(terminal.wait_for_line("two"));
  stop(terminal);
  const Lines all = terminal.history();
  EXPECT_EQ(count_status(all), 0U) << shown(all);
}

TEST_F(RstapProgress, CtrlZLeavesACleanTerminalAndFgDrawsAgain) {
  Terminal& terminal = open_terminal(80);
  terminal.enter("run --remote stapsh:");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(terminal.wait_for_line("rstap: 1 running"));
    terminal.press("C-z");
    ASSERT_TRUE(terminal.wait_for("a prompt", [](const Lines& lines) { return from_end(lines, 1) == "$"; }));
    const Lines stopped = terminal.screen();
    EXPECT_EQ(count_status(stopped), 0U) << shown(stopped);
    terminal.enter("fg");
  }
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 running"));
  say("one\n");
  ASSERT_TRUE(terminal.wait_for_line("one"));
  stop(terminal);
  EXPECT_EQ(count_status(terminal.history()), 0U) << shown(terminal.history());
}

// A stop that can't be caught leaves the line where it is; the run goes on below it.
TEST_F(RstapProgress, AfterASigstopItGoesOnBelow) {
  Terminal& terminal = open_terminal(80);
  terminal.enter("run --remote stapsh:");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 running"));
  ASSERT_EQ(::kill(std::stoi(read_file(scratch_.path("pid"))), SIGSTOP), 0);
  ASSERT_TRUE(terminal.wait_for("a prompt", [](const Lines& lines) { return from_end(lines, 1) == "$"; }));
  terminal.enter("fg");
  ASSERT_TRUE(terminal.wait_for("the status below", [](const Lines& lines) { return is_status(from_end(lines, 1)); }));
  say("one\n");
  ASSERT_TRUE(terminal.wait_for_line("one"));
  stop(terminal);
}

TEST_F(RstapProgress, InTheBackgroundNothingIsDrawnAndNoKeyTaken) {
  Terminal& terminal = open_terminal(80);
  // What comes may stand behind the prompt, or before it.
  const auto wait_for_prompt = [&] {
    return terminal.wait_for("a prompt", [](const Lines& lines) { return from_end(lines, 1) == "$"; });
  };
  terminal.enter("run --remote stapsh: &");
  ASSERT_TRUE(terminal.wait_for("hello", [](const Lines& lines) { return has_end(lines, "hello"); }));
  terminal.enter("");
  ASSERT_TRUE(wait_for_prompt());
  for (const std::string word : {"one", "two", "three"}) {
    say(word + "\n");
    ASSERT_TRUE(terminal.wait_for(word, [&](const Lines& lines) { return has_end(lines, word); }));
    // Takes longer than a status line would.
    terminal.enter("read -t 0.5 nothing; echo typed " + word);
    ASSERT_TRUE(terminal.wait_for_line("typed " + word));
    ASSERT_TRUE(wait_for_prompt());
  }
  EXPECT_EQ(count_status(terminal.history()), 0U) << shown(terminal.history());
  terminal.enter("fg");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 running"));
  stop(terminal);
}

TEST_F(RstapProgress, APagerHasTheTerminalToItself) {
  Terminal& terminal = open_terminal(80);
  terminal.enter("run --remote stapsh: | less");
  ASSERT_TRUE(terminal.wait_for_line("hello"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += "line " + std::to_string(i) + "\n";
  say(many);
  terminal.press("Space");  // Keys are the pager's.
  ASSERT_TRUE(terminal.wait_for_line("line 30"));
  EXPECT_EQ(count_status(terminal.screen()), 0U) << shown(terminal.screen());
  // Its end is that of the run. No ctrl-C before: a key that comes while less deals with that is lost, and what rstap
  // says meanwhile is on the screen that less takes away with it.
  terminal.press("q");
  ASSERT_TRUE(terminal.wait_for("a summary and a prompt", is_over));
  EXPECT_EQ(count_status(terminal.history()), 0U) << shown(terminal.history());
}

TEST_F(RstapProgress, AFileForErrorsGetsNone) {
  Terminal& terminal = open_terminal(80);
  terminal.enter("run --remote stapsh: 2> " + scratch_.path("errors"));
  ASSERT_TRUE(terminal.wait_for_line("hello"));
  terminal.enter("");
  say("one\n");
  ASSERT_TRUE(terminal.wait_for_line("one"));
  terminal.press("C-c");
  ASSERT_TRUE(terminal.wait_for("a prompt", [](const Lines& lines) { return from_end(lines, 1).ends_with("$"); }));
  const std::string errors = read_file(scratch_.path("errors"));
  EXPECT_EQ(errors.find('\033'), std::string::npos) << errors;
  EXPECT_EQ(errors.find("running"), std::string::npos) << errors;
}

TEST_F(RstapProgress, AFloodLosesNoLineToIt) {
  Terminal& terminal = open_terminal(80);
  set_runner("for i in {1..40000}; do echo line $i; done; echo all; exec cat " + scratch_.path("words"));
  terminal.enter("run --remote stapsh:");
  ASSERT_TRUE(terminal.wait_for_line("all"));
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 running; "));
  stop(terminal);
  const Lines all = terminal.history();
  auto at = std::find(all.begin(), all.end(), "line 1");
  for (int i = 1; i <= 40'000; ++i, ++at) ASSERT_TRUE(at != all.end() && *at == "line " + std::to_string(i)) << i;
  EXPECT_EQ(count_status(all), 0U);
}

TEST_F(RstapProgress, AnUnfinishedLineGoesOnWhereItWas) {
  Terminal& terminal = open_terminal(80);
  terminal.enter("run --remote stapsh:");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 running"));
  say("begin, ");
  ASSERT_TRUE(terminal.wait_for("the line alone", [](const Lines& lines) { return from_end(lines, 1) == "begin,"; }));
  say("middle, ");
  ASSERT_TRUE(
      terminal.wait_for("the line alone", [](const Lines& lines) { return from_end(lines, 1) == "begin, middle,"; }));
  say("end\n");
  ASSERT_TRUE(terminal.wait_for("the line whole, then the status", [](const Lines& lines) {
    return from_end(lines, 2) == "begin, middle, end" && is_status(from_end(lines, 1));
  }));
  stop(terminal);
}

TEST_F(RstapProgress, EnterTellsWhatEachTargetIsAt) {
  Terminal& terminal = open_terminal(80);
  terminal.enter("run --remote stapsh: --remote stapsh: 2>&1");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 2 running"));
  terminal.press("Enter");
  ASSERT_TRUE(terminal.wait_for_line("rstap: stapsh: running"));
  ASSERT_TRUE(terminal.wait_for_line("rstap: stapsh#2: running"));
  stop(terminal);
}

// Two that read one terminal get half of what is typed each.
TEST_F(RstapProgress, TheCommandOfALocalRunnerHasTheKeysToItself) {
  set_runner("for i in 1 2 3; do read -r word; echo \"got $word\"; done; exec cat " + scratch_.path("words"));
  Terminal& terminal = open_terminal(80);
  terminal.enter("run -c cat --progress=always --remote direct: --remote stapsh:");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 2 running"));
  for (const std::string word : {"one", "two", "three"}) {
    terminal.enter(word);
    ASSERT_TRUE(terminal.wait_for_line("got " + word));
  }
  const Lines all = terminal.screen();
  EXPECT_TRUE(std::none_of(all.begin(), all.end(), [](const auto& line) {
    return line.starts_with("rstap: direct: running");
  })) << shown(all);
  stop(terminal);
}

// As what ssh starts may ask (ProxyCommand): what is typed is for it, and its question stays.
TEST_F(RstapProgress, WhoAsksThePersonAtTheTerminalIsLeftAlone) {
  Terminal& terminal = open_terminal(80);
  const std::string ask = scratch_.write("ask",
                                         "#!/bin/bash\nexec 3<>/dev/tty; printf 'password: ' >&3; read -r word <&3\n"
                                         "echo \"got $word\" > " +
                                             scratch_.path("answer") + "\nexec 3>&- " + agent_program() + "\n",
                                         0755);
  terminal.enter("run --remote stapsh: --remote exec:cat --remote web01 --ssh " + ask);
  // In any order: each may come behind the other, in its line.
  ASSERT_TRUE(terminal.wait_for("the question and the output", [](const Lines& lines) {
    const auto has = [&](std::string_view word) {
      return std::any_of(lines.begin(), lines.end(),
                         [&](const std::string& line) { return line.find(word) != std::string::npos; });
    };
    return has("password:") && has("hello");
  }));
  say("word\n");
  ASSERT_TRUE(terminal.wait_for("the word", [](const Lines& lines) { return has_end(lines, "word"); }));
  terminal.enter("secret");
  ASSERT_TRUE(terminal.wait_for_line("rstap: 1 connecting, 2 running"));
  EXPECT_EQ(read_file(scratch_.path("answer")), "got secret\n");
  const Lines all = terminal.screen();
  EXPECT_TRUE(std::none_of(all.begin(), all.end(), [](const auto& line) {
    return line.starts_with("rstap: stapsh: ");
  })) << shown(all);
  stop(terminal);
}

// What is short on an idle machine may not be so on a busy one: such a run is none that this is about, and is made
// again.
TEST_F(RstapProgress, NeverAndShortRunsDrawNothing) {
  constexpr std::chrono::milliseconds kShort(500);
  set_runner("echo hello");
  for (const std::string option : {"", "", "", "", "", "", "", " --progress=never"}) {
    const auto start = std::chrono::steady_clock::now();
    ProgramOptions options =
        client({"/usr/bin/socat", "-",
                "EXEC:" + scratch_.path("bin/run") + " --remote stapsh\\:" + option + ",pty,setsid,ctty,stderr"},
               nullptr);
    options.env.push_back("TERM=xterm");
    Program terminal(std::move(options));
    (void)terminal.wait_exit();
    if (option.empty() && std::chrono::steady_clock::now() - start >= kShort) continue;
    EXPECT_EQ(terminal.out(), "hello\r\nrstap: 1 target: 1 succeeded; all clean\r\n") << terminal.captured();
  }
}

TEST_F(RstapProgress, AlwaysSaysALineNowAndThenWhereThereIsNoTerminal) {
  Program rstap(client({scratch_.path("bin/run"), "--progress=always", "--remote", "stapsh:"}));
  ASSERT_TRUE(rstap.wait_for_err("rstap: 1 running\n"));
  rstap.send_signal(SIGINT);
  (void)rstap.wait_exit();
  EXPECT_EQ(rstap.err().find('\033'), std::string::npos) << rstap.captured();
}

}  // namespace
}  // namespace stapsh::real
