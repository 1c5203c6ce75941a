// SPDX-License-Identifier: Apache-2.0
// What ssh asks the person at the terminal, for one target and for several: real keys with pass phrases, real
// passwords.
#include <csignal>
#include <filesystem>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

constexpr std::string_view kSecret = "right horse", kWrong = "wrong horse";
// Of root, in what sshd sees: `openssl passwd -6` of kSecret.
constexpr std::string_view kShadow =
    "root:$6$rstaptests$YKf5WdTcwS9wteeVHuVibkuMVnqcMKHbDYx8RVqnmR2ABuMKf20TEzLQLzNGDzaHYKxz4gur14DbA26bG9tQg1:19000:0:"
    "99999:7:::\n";
constexpr std::string_view kPassPhrase = "Enter passphrase for key '";
constexpr std::string_view kCtrlC = "\x03", kCtrlD = "\x04", kCtrlZ = "\x1a";

std::size_t count_of(std::string_view word, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

class RstapQuestions : public RemoteTest {
 protected:
  RstapQuestions() { mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER); }

  void TearDown() override {
    if (shell_) {
      EXPECT_EQ(count_of("horse", shell_->out()), 0U) << "a secret was shown: " << shell_->out();
      EXPECT_TRUE(shell_->write("exit\n"));
      (void)shell_->wait_exit();
    }
    RemoteTest::TearDown();
  }

  /// An sshd that takes one key, which has a pass phrase.
  const Site& key_site(std::vector<std::string> client_lines = {}) {
    const std::string key = scratch_.path("locked");
    Program keygen({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", std::string(kSecret), "-f", key},
                    .env = scratch_.environment()});
    EXPECT_EQ(keygen.wait_exit(), 0) << keygen.captured();
    client_lines.insert(client_lines.begin(), {"BatchMode no", "IdentityFile " + key});
    return start_site(Via::kSsh, agent_program(),
                      {.server_lines = {"AuthorizedKeysFile " + key + ".pub"}, .client_lines = client_lines});
  }
  /// An sshd that takes a password.
  const Site& password_site() {
    mounts_.replace("/etc/shadow", scratch_.write("shadow", kShadow, 0600));
    return start_site(Via::kSsh, agent_program(),
                      {.server_lines = {"AuthorizedKeysFile none", "PasswordAuthentication yes"},
                       .client_lines = {"BatchMode no", "NumberOfPasswordPrompts 2"}});
  }

  /// A terminal with a shell that leaves its mode alone (dash has no line editor), and there rstap on `hosts`.
  Program& run_on(const Site& site, const std::string& hosts, const std::string& words = "",
                  const std::vector<std::string>& env = {}) {
    return run_line(site, "--remote '" + hosts + "' " + words + " " + scratch_.write("probe.ko", "no module"), env);
  }
  Program& run_line(const Site& site, const std::string& line, const std::vector<std::string>& env = {}) {
    ProgramOptions options = client({"/usr/bin/socat", "-", "EXEC:sh -i,pty,setsid,ctty,stderr"}, &site);
    options.env.insert(options.env.end(), env.begin(), env.end());
    options.input = ProgramOptions::Input::kPipe;
    shell_ = std::make_unique<Program>(std::move(options));
    command_ = std::string(STAPSH_CLIENT) + " " + line;
    type("PS1=; ulimit -c unlimited; " + command_ + "; echo \"code=$?\"\n");
    return *shell_;
  }
  void type(std::string_view keys) { ASSERT_TRUE(shell_->write(keys)); }
  void answer(std::string_view secret) { type(std::string(secret) + "\n"); }

  /// Once the shell is back: the terminal shows what is typed.
  void expect_echo() {
    type("until stty -a | grep -q ' echo '; do :; done; printf 'echo%s\\n' es\n");
    EXPECT_TRUE(shell_->wait_for_out("\nechoes\r\n")) << "the terminal no longer shows what is typed";
  }
  static std::string prompt_of(const std::string& target) { return "rstap: " + target + ": "; }
  /// The pid of rstap, a child of the shell's.
  pid_t rstap() const {
    pid_t found = 0;
    EXPECT_TRUE(becomes_true([&] { return (found = child_that_is(STAPSH_CLIENT)) != 0; }));
    return found;
  }
  /// A process of which the first word is `program`, with our scratch folder as TMPDIR.
  pid_t child_that_is(const std::string& program) const {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string folder = entry.path();
      if (!read_file(folder + "/cmdline").starts_with(program + '\0')) continue;
      if (read_file(folder + "/environ").find("TMPDIR=" + scratch_.tmp()) == std::string::npos) continue;
      return std::stoi(entry.path().filename());
    }
    return 0;
  }

  /// The same, of those that have the terminal open.
  pid_t child_with_terminal(const std::string& program) const {
    std::error_code gone;  // Processes come and go while they are looked at.
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string folder = entry.path();
      if (!read_file(folder + "/cmdline").starts_with(program + '\0')) continue;
      for (const auto& fd : std::filesystem::directory_iterator(folder + "/fd", gone)) {
        if (std::filesystem::read_symlink(fd.path(), gone) == "/dev/tty") return std::stoi(entry.path().filename());
      }
    }
    return 0;
  }

  std::unique_ptr<Program> shell_;
  std::string command_;
};

TEST_F(RstapQuestions, OnePassPhraseIsAskedForOnce) {
  Program& shell = run_on(key_site(), "h[0-4]", "--runner-arg=exit:0");
  ASSERT_TRUE(shell.wait_for_out_times(kPassPhrase, 1));
  answer(kWrong);
  ASSERT_TRUE(shell.wait_for_out_times(kPassPhrase, 2));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("5 targets: 5 succeeded; all clean"));
  EXPECT_EQ(count_of(kPassPhrase, shell.out()), 2U) << shell.out();
  EXPECT_EQ(count_of(": Enter passphrase", shell.out()), 2U) << "no host is named: " << shell.out();
  expect_echo();
}

// Each its own password; the first one is wrong.
TEST_F(RstapQuestions, PasswordsAreAskedForOneAfterTheOther) {
  Program& shell = run_on(password_site(), "h[0-2]", "--runner-arg=exit:0");
  constexpr std::string_view kAsks = "'s password: ";
  for (std::size_t asked = 1; asked <= 4; ++asked) {
    ASSERT_TRUE(shell.wait_for_out_times(kAsks, asked));
    EXPECT_EQ(count_of(kAsks, shell.out()), asked) << "two at once: " << shell.out();
    answer(asked == 1 ? kWrong : kSecret);
  }
  ASSERT_TRUE(shell.wait_for_out("3 targets: 3 succeeded; all clean"));
  for (const std::string host : {"h0", "h1", "h2"}) {
    EXPECT_NE(shell.out().find(prompt_of(host) + "root@"), std::string::npos) << host << ": " << shell.out();
  }
  expect_echo();
}

// Each names its host, and a yes for one is none for another.
TEST_F(RstapQuestions, HostKeysAreAskedForHostByHost) {
  const Site& site = start_site(
      Via::kSsh, agent_program(),
      {.client_lines = {"BatchMode no", "StrictHostKeyChecking ask", "UserKnownHostsFile " + scratch_.path("known"),
                        "Host h0", "  HostKeyAlias web0", "Host h1", "  HostKeyAlias web1", "Host *"}});
  Program& shell = run_on(site, "h[0-1]", "--runner-arg=exit:0");
  for (std::size_t asked = 1; asked <= 2; ++asked) {
    ASSERT_TRUE(shell.wait_for_out_times("(yes/no/[fingerprint])? ", asked));
    EXPECT_EQ(count_of("(yes/no/[fingerprint])? ", shell.out()), asked) << shell.out();
    type("yes\n");
  }
  ASSERT_TRUE(shell.wait_for_out("2 targets: 2 succeeded; all clean"));
  EXPECT_EQ(count_of(prompt_of("h0") + "The authenticity of host 'web0 ", shell.out()), 1U) << shell.out();
  EXPECT_EQ(count_of(prompt_of("h1") + "The authenticity of host 'web1 ", shell.out()), 1U) << shell.out();
  EXPECT_EQ(count_of("? yes\r\n", shell.out()), 2U) << "what is no secret is shown: " << shell.out();
  expect_echo();
}

TEST_F(RstapQuestions, CtrlCAtThePromptStopsAll) {
  Program& shell = run_on(key_site(), "h[0-2]", "--runner-arg=exit:0");
  ASSERT_TRUE(shell.wait_for_out(kPassPhrase));
  type(kCtrlC);
  ASSERT_TRUE(shell.wait_for_out("code=130"));
  EXPECT_EQ(count_of(kPassPhrase, shell.out()), 1U) << shell.out();
  EXPECT_NE(shell.out().find("\nrstap: 3 targets: "), std::string::npos) << "in the prompt's line: " << shell.out();
  expect_echo();
}

TEST_F(RstapQuestions, SigtermAtThePromptStopsAll) {
  Program& shell = run_on(key_site(), "h[0-2]", "--runner-arg=exit:0");
  ASSERT_TRUE(shell.wait_for_out(kPassPhrase));
  ASSERT_EQ(::kill(rstap(), SIGTERM), 0);
  ASSERT_TRUE(shell.wait_for_out("code=143"));
  expect_echo();
}

TEST_F(RstapQuestions, KilledAtThePromptTheTerminalIsAsBefore) {
  Program& shell = run_on(key_site(), "h[0-2]", "--runner-arg=exit:0");
  ASSERT_TRUE(shell.wait_for_out(kPassPhrase));
  ASSERT_EQ(::kill(rstap(), SIGKILL), 0);
  ASSERT_TRUE(shell.wait_for_out("code=137"));
  expect_echo();
}

// The other way round: the client puts it back. ssh has no answer then, and the next one is asked.
TEST_F(RstapQuestions, KilledQuestionLeavesTheTerminalAsBefore) {
  Program& shell = run_on(key_site(), "h[0-1]", "--runner-arg=exit:0 --retries=0");
  for (std::size_t asked = 1; asked <= 2; ++asked) {
    ASSERT_TRUE(shell.wait_for_out_times(kPassPhrase, asked));
    const std::string self = "/proc/" + std::to_string(rstap()) + "/exe";
    // Only one of them asks; both may wait.
    pid_t question = 0;
    ASSERT_TRUE(becomes_true([&] { return (question = child_with_terminal(self)) != 0; }));
    ASSERT_EQ(::kill(question, SIGKILL), 0);
  }
  ASSERT_TRUE(shell.wait_for_out("2 targets: 0 succeeded, 2 failed"));
  expect_echo();
}

TEST_F(RstapQuestions, CtrlDIsNoAnswer) {
  Program& shell = run_on(key_site(), "h0", "--runner-arg=exit:0");
  ASSERT_TRUE(shell.wait_for_out(kPassPhrase));
  type(kCtrlD);
  ASSERT_TRUE(shell.wait_for_out("1 target: 0 succeeded, 1 failed"));
  EXPECT_NE(shell.out().find("Permission denied"), std::string::npos) << shell.out();
  expect_echo();
}

TEST_F(RstapQuestions, CtrlZHoldsThePromptAndFgAsksAgain) {
  Program& shell = run_on(key_site(), "h[0-1]", "--runner-arg=exit:0");
  ASSERT_TRUE(shell.wait_for_out_times(kPassPhrase, 1));
  type(kCtrlZ);
  ASSERT_TRUE(shell.wait_for_out("code=148"));
  expect_echo();
  type("fg\n");
  ASSERT_TRUE(shell.wait_for_out_times(kPassPhrase, 2));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("2 targets: 2 succeeded; all clean"));
  expect_echo();
}

// Whoever thinks about a pass phrase is no target that hangs. Another one does hang, and tells when the time was over.
TEST_F(RstapQuestions, TimeAtThePromptIsNoTimeToConnect) {
  const std::string log = scratch_.path("log");
  Program& shell = run_on(key_site(), "h0",
                          "--connect-timeout=3 --remote 'exec:sleep 1000' --joblog=" + log + " --runner-arg=exit:0");
  ASSERT_TRUE(shell.wait_for_out(kPassPhrase));
  ASSERT_TRUE(becomes_true([&] { return read_file(log).find("sleep 1000") != std::string::npos; }));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("2 targets: 1 succeeded, 1 failed"));
  expect_echo();
}

// Who builds asks as a target does: by its name, in turn, and in its own time.
TEST_F(RstapQuestions, TheBuildHostAsksInTurnAndWaitsForTheAnswer) {
  Program& shell = run_line(password_site(), "--connect-timeout=5 --remote h0 --build-on h1 --bpf -l begin");
  ASSERT_TRUE(shell.wait_for_out(prompt_of("h0") + "root@"));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out(prompt_of("h1") + "root@")) << shell.out();
  EXPECT_FALSE(shell.wait_gone(Bound(5'500))) << shell.out();  // The time itself is waited for.
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("code=0")) << shell.out();
  EXPECT_NE(shell.out().find("\nbegin"), std::string::npos) << shell.out();
  expect_echo();
}

TEST_F(RstapQuestions, BatchAsksNothing) {
  Program& shell = run_on(key_site(), "h[0-1]", "--batch --runner-arg=exit:0");
  ASSERT_TRUE(shell.wait_for_out("2 targets: 0 succeeded, 2 failed"));
  EXPECT_EQ(count_of(kPassPhrase, shell.out()), 0U) << shell.out();
  EXPECT_NE(shell.out().find("Permission denied"), std::string::npos) << shell.out();
}

// A person who has told ssh to ask in a window is asked there.
TEST_F(RstapQuestions, OwnAskpassIsLeftAlone) {
  const std::string own = scratch_.write("own", "#!/bin/sh\nprintf 'right %s\\n' horse\n", 0755);
  Program& shell =
      run_on(key_site(), "h[0-1]", "--runner-arg=exit:0", {"SSH_ASKPASS=" + own, "SSH_ASKPASS_REQUIRE=force"});
  ASSERT_TRUE(shell.wait_for_out("2 targets: 2 succeeded; all clean"));
  EXPECT_EQ(count_of(kPassPhrase, shell.out()), 0U) << shell.out();
}

// The answer is kept for who asks the same later. It is in no core file, in no argument and in no environment.
TEST_F(RstapQuestions, SecretIsInNoCore) {
  if (STAPSH_SANITIZED != 0) GTEST_SKIP() << "SIGSEGV is the sanitizer's";
  const std::string pattern = read_file("/proc/sys/kernel/core_pattern");
  if (pattern.starts_with('|') || pattern.starts_with('/')) GTEST_SKIP() << "cores go to " << pattern;
  Program& shell = run_on(key_site(), "h0", "-v --record " + scratch_.path("record") + " --runner-arg=pause");
  ASSERT_TRUE(shell.wait_for_out(kPassPhrase));
  answer(kSecret);
  ASSERT_TRUE(becomes_true([&] { return read_file(scratch_.path("record")).find("running") != std::string::npos; }));
  const pid_t pid = rstap();
  EXPECT_EQ(read_file("/proc/" + std::to_string(pid) + "/environ").find(kSecret), std::string::npos);
  ASSERT_EQ(::kill(pid, SIGSEGV), 0);
  ASSERT_TRUE(shell.wait_for_out("code=139"));
  EXPECT_EQ(read_file(scratch_.path("record")).find(kSecret), std::string::npos);
  std::size_t cores = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch_.root())) {
    if (!entry.path().filename().string().starts_with("core")) continue;
    const std::string core = read_file(entry.path());
    EXPECT_NE(core.find("RSTAP_OPTIONS"), std::string::npos) << "it is no core of it";
    EXPECT_EQ(core.find(kSecret), std::string::npos);
    ++cores;
  }
  EXPECT_EQ(cores, 1U);
}

}  // namespace
}  // namespace stapsh::real
