// SPDX-License-Identifier: Apache-2.0
// --become and --ask-become-pass: a real sudo behind a real sshd, with users, passwords and sudoers of the test's own.
#include <algorithm>
#include <csignal>
#include <filesystem>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSecret = "right horse", kWrong = "wrong horse";
// `openssl passwd -6` of kSecret.
constexpr std::string_view kHash =
    "$6$rstaptests$YKf5WdTcwS9wteeVHuVibkuMVnqcMKHbDYx8RVqnmR2ABuMKf20TEzLQLzNGDzaHYKxz4gur14DbA26bG9tQg1";
constexpr std::string_view kPasswd =
    "root:*:0:0::/root:/bin/sh\nsshd:*:105:65534::/run/sshd:/usr/sbin/nologin\n"
    "ada:x:4711:4711::/:/bin/sh\nbob:x:4712:4712::/:/bin/sh\nnobody:*:65534:65534::/:/usr/sbin/nologin\n";
constexpr std::string_view kDefaults =
    "Defaults env_reset, !mail_badpass, !mail_no_user, secure_path=\"/usr/bin:/bin\"\n";
constexpr std::string_view kAll = "ada ALL=(ALL) ALL\n", kNoPassword = "ada ALL=(ALL) NOPASSWD: ALL\n";
// As docs/security.md has it.
constexpr std::string_view kAgentAlone = "ada ALL=(root) /usr/bin/stapsh \"\", /usr/bin/stapsh --say-started\n";

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::size_t count_of(std::string_view word, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

class RstapBecome : public RemoteTest {
 protected:
  RstapBecome() { mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER); }

  void SetUp() override {
    RemoteTest::SetUp();
    if (!fs::exists("/usr/bin/sudo")) GTEST_SKIP() << "needs sudo";
    // Who logs in reads a key there, and is nobody's root.
    for (const char* folder : {"", "ssh"}) fs::permissions(scratch_.make_folder(folder), fs::perms(0755));
    fs::permissions(scratch_.tmp(), fs::perms(01777));
    for (const char* folder : {"/var/lib/sudo", "/run/sudo", "/dev/shm"}) {
      if (fs::exists(folder)) mounts_.small_disk(folder, 8'192);
    }
  }

  /// An sshd at which ada logs in, and may do what `sudoers` says. Everybody's password is kSecret.
  const Site& site(std::string_view sudoers, SshdOptions sshd = {}) {
    mounts_.replace("/etc/passwd", scratch_.write("passwd", kPasswd));
    std::string shadow;
    for (const char* user : {"root", "ada", "bob"}) {
      shadow += std::string(user) + ":" + std::string(kHash) + ":19000:0:99999:7:::\n";
    }
    mounts_.replace("/etc/shadow", scratch_.write("shadow", shadow, 0600));
    mounts_.replace("/etc/sudoers", scratch_.write("sudoers", std::string(kDefaults) + std::string(sudoers), 0440));
    sshd.client_lines.emplace_back("User ada");
    site_ = &start_site(Via::kSsh, agent_program(), std::move(sshd));
    return *site_;
  }
  std::vector<std::string> words(const std::vector<std::string>& more, const std::string& hosts = "h0") {
    std::vector<std::string> all{STAPSH_CLIENT, "--remote", hosts};
    all.insert(all.end(), more.begin(), more.end());
    all.push_back(scratch_.write("probe.ko", "no module"));
    return all;
  }
  static std::vector<std::string> with_exit(std::vector<std::string> more) {
    more.insert(more.end(), {"--runner-arg=say:hi", "--runner-arg=exit:0"});
    return more;
  }
  /// A terminal, and rstap there.
  Program& at_terminal(const std::vector<std::string>& more, const std::string& hosts = "h0") {
    std::string command;
    for (const std::string& word : words(more, hosts)) command += " '" + word + "'";
    ProgramOptions options = client({"/usr/bin/socat", "-", "EXEC:sh -i,pty,setsid,ctty,stderr"}, site_);
    options.input = ProgramOptions::Input::kPipe;
    shell_ = std::make_unique<Program>(std::move(options));
    EXPECT_TRUE(shell_->write("PS1=;" + command + "; echo \"code=$?\"\n"));
    return *shell_;
  }
  void answer(std::string_view secret) { ASSERT_TRUE(shell_->write(std::string(secret) + "\n")); }
  void end_terminal() {
    ASSERT_TRUE(shell_->write("until stty -a | grep -q ' echo '; do :; done; printf 'echo%s\\n' es\n"));
    EXPECT_TRUE(shell_->wait_for_out("\nechoes\r\n")) << "the terminal no longer shows what is typed";
    ASSERT_TRUE(shell_->write("exit\n"));
    (void)shell_->wait_exit();
    EXPECT_EQ(count_of("horse", shell_->out()), 0U) << shell_->out();
  }

  const Site* site_ = nullptr;
  std::unique_ptr<Program> shell_;
};

struct Row {
  std::string name, sudoers;
  std::vector<std::string> words;
  std::string_view typed;  // Empty: nobody is asked.
  int code;
  std::string says;
};

const std::vector<Row>& rows() {
  static const std::string all(kAll), free(kNoPassword);
  static const std::vector<Row> kRows{
      {"free", free, {"--become"}, "", 0, "hi"},
      {"free, its agent brought", free, {"--become", "--bootstrap"}, "", 0, "hi"},
      {"free, another user", free, {"--become=bob", "--bootstrap"}, "", 0, "hi"},
      {"free, with a pty", "Defaults use_pty\n" + free, {"--become"}, "", 0, "hi"},
      {"free, with a pty, its agent brought", "Defaults use_pty\n" + free, {"--become", "--bootstrap"}, "", 0, "hi"},
      {"free, and nobody is asked in vain", free, {"--ask-become-pass"}, "", 0, "hi"},
      {"a password is needed", all, {"--become"}, "", 1, "sudo: a password is required; give --ask-become-pass"},
      {"likewise, its agent brought", all, {"--become", "--bootstrap"}, "", 1, "sudo: a password is required; give"},
      {"a terminal is needed",
       "Defaults requiretty\n" + free,
       {"--become"},
       "",
       1,
       "must have a tty to run sudo; rstap has no terminal there"},
      {"not in sudoers", "", {"--ask-become-pass"}, kSecret, 1, "ada is not in the sudoers file"},
      {"another command alone", "ada ALL=(root) /bin/true\n", {"--ask-become-pass"}, kSecret, 1, "is not allowed to"},
      {"nobody of that name", free, {"--become=eve"}, "", 1, "unknown user"},
      {"right", all, {"--ask-become-pass"}, kSecret, 0, "hi"},
      {"right, its agent brought", all, {"--ask-become-pass", "--bootstrap"}, kSecret, 0, "hi"},
      {"right, another user", all, {"--become=bob", "--ask-become-pass", "--bootstrap"}, kSecret, 0, "hi"},
      {"right, with a pty", "Defaults use_pty\n" + all, {"--ask-become-pass"}, kSecret, 0, "hi"},
      {"right, with a pty, its agent brought",
       "Defaults use_pty\n" + all,
       {"--ask-become-pass", "--bootstrap"},
       kSecret,
       0,
       "hi"},
      {"right, after a lecture", "Defaults lecture=always\n" + all, {"--ask-become-pass"}, kSecret, 0, "hi"},
      {"wrong", all, {"--ask-become-pass"}, kWrong, 1, "1 incorrect password attempt"},
      {"wrong, its agent brought",
       all,
       {"--ask-become-pass", "--bootstrap"},
       kWrong,
       1,
       "1 incorrect password attempt"},
      {"wrong, with one try",
       "Defaults passwd_tries=1\n" + all,
       {"--ask-become-pass"},
       kWrong,
       1,
       "1 incorrect password attempt"},
      {"wrong, after a lecture",
       "Defaults lecture=always\n" + all,
       {"--ask-become-pass"},
       kWrong,
       1,
       "1 incorrect password attempt"},
      {"this agent's start alone", std::string(kAgentAlone), {"--ask-become-pass"}, kSecret, 0, "hi"},
      {"likewise, free", "Defaults !authenticate\n" + std::string(kAgentAlone), {"--become"}, "", 0, "hi"},
      {"none", all, {"--ask-become-pass"}, "\n", 1, "no password for sudo was given"},
  };
  return kRows;
}

class RstapBecomeRow : public RstapBecome, public testing::WithParamInterface<std::size_t> {};

TEST_P(RstapBecomeRow, SaysWhatSudoSaidAndLeavesNothing) {
  const Row& row = rows()[GetParam()];
  SCOPED_TRACE(row.name);
  site(row.sudoers);
  std::vector<std::string> more = with_exit(row.words);
  const bool brings = std::ranges::find(more, "--bootstrap") != more.end();
  if (brings) more.insert(more.end(), {"--stapsh", agent_program()});
  Program& shell = at_terminal(more);
  if (!row.typed.empty()) {
    ASSERT_TRUE(shell.wait_for_out("rstap: password for sudo of " +
                                   std::string(row.words[0] == "--become=bob" ? "bob" : "root") + " on 1 target: "));
    answer(row.typed == "\n" ? "" : row.typed);
  }
  ASSERT_TRUE(shell.wait_for_out("code=" + std::to_string(row.code) + "\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), row.says)) << shell.captured();
  EXPECT_EQ(count_of("rstap: password for sudo of", shell.out()), row.typed.empty() ? 0U : 1U) << shell.captured();
  EXPECT_TRUE(has(shell.out(), row.code == 0 ? "; all clean" : "1 not touched")) << shell.captured();
  end_terminal();
}

INSTANTIATE_TEST_SUITE_P(All, RstapBecomeRow, testing::Range<std::size_t>(0, rows().size()));

// Who shows our command on standard error is not sudo, and does not ask.
struct Echo {
  std::string name;
  SshdOptions sshd;
  std::string sh;  // What is /bin/sh.
  std::vector<std::string> words;
  int code;
  std::string says;
};

class RstapBecomeEcho : public RstapBecome, public testing::WithParamInterface<std::size_t> {};

const std::vector<Echo>& echoes() {
  static const std::vector<Echo> kEchoes{
      {"a forced command that refuses ours",
       {.server_lines = {R"(ForceCommand echo "unknown command: $SSH_ORIGINAL_COMMAND" >&2; exit 1)"}},
       "dash",
       {},
       1,
       "unknown command: "},
      {"one that refuses ours, and reads on",
       {.server_lines = {R"(ForceCommand echo "unknown command: $SSH_ORIGINAL_COMMAND" >&2; read -r line; exit 1)"}},
       "dash",
       {"--connect-timeout=4"},
       1,
       "within the connect timeout"},
      {"one that answers as an agent's start does",
       {.server_lines = {R"(ForceCommand echo "$SSH_ORIGINAL_COMMAND" >&2; exec /usr/bin/stapsh --say-started)"}},
       "dash",
       {},
       0,
       "hi"},
      {"a login shell that traces, and no other",
       {.server_lines = {"ForceCommand set -x; eval \"$SSH_ORIGINAL_COMMAND\""}},
       "dash",
       {},
       0,
       "hi"},
      {"all shells trace", {.environment = {"SHELLOPTS=xtrace"}}, "bash", {}, 0, "hi"},
      {"all shells trace, its agent brought", {.environment = {"SHELLOPTS=xtrace"}}, "bash", {"--bootstrap"}, 0, "hi"},
      {"ssh that says all it does", {.client_lines = {}}, "dash", {"--ssh-option=LogLevel=DEBUG"}, 0, "hi"},
  };
  return kEchoes;
}

TEST_P(RstapBecomeEcho, AsksNobody) {
  const Echo& echo = echoes()[GetParam()];
  SCOPED_TRACE(echo.name);
  if (echo.sh != "dash") mounts_.replace("/usr/bin/dash", "/usr/bin/" + echo.sh);
  site(kNoPassword, echo.sshd);
  std::vector<std::string> more = with_exit({"--ask-become-pass", "--stapsh", agent_program()});
  more.insert(more.end(), echo.words.begin(), echo.words.end());
  Program& shell = at_terminal(more);
  ASSERT_TRUE(shell.wait_for_out("code=")) << shell.captured();
  ASSERT_TRUE(shell.wait_for_out("code=" + std::to_string(echo.code) + "\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), echo.says)) << shell.captured();
  EXPECT_EQ(count_of("rstap: password for sudo of", shell.out()), 0U) << shell.captured();
  end_terminal();
}

INSTANTIATE_TEST_SUITE_P(All, RstapBecomeEcho, testing::Range<std::size_t>(0, echoes().size()));

// It got the password, as whoever is called sudo there does; nobody is shown it.
TEST_F(RstapBecome, WhatIsNoSudoAndQuotesThePassword) {
  constexpr std::string_view kQuotes =
      "#!/bin/sh\nprintf %s \"$SUDO_PROMPT\" >&2\nread -r line\necho \"$line: not found\"\necho \"$line: not found\" "
      ">&2\nexit "
      "1\n";
  mounts_.replace("/usr/bin/sudo", scratch_.write("quotes", kQuotes, 0755));
  site(kAll);
  const std::string record = scratch_.path("record");
  Program& shell = at_terminal(with_exit({"--ask-become-pass", "-v", "--record", record}));
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("code=1\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), "(the password): not found")) << shell.captured();
  EXPECT_FALSE(has(read_file(record), kSecret));
  end_terminal();
}

/// What is called sudo there, asks for the password, and then does what the test says.
class RstapBecomeFake : public RstapBecome {
 protected:
  void fake_sudo(const std::string& then) {
    mounts_.replace("/usr/bin/sudo", scratch_.write("fake_sudo",
                                                    "#!/bin/sh\nprintf %s \"$SUDO_PROMPT\" >&2\nread -r pw\n"
                                                    "ask() { printf %s \"$1\" >&2; read -r answer; }\n" +
                                                        then + "\nexit 1\n",
                                                    0755));
  }
  /// In the arguments and the environment of all processes of this machine.
  static void expect_nowhere(std::string_view secret) {
    for (const auto& entry : fs::directory_iterator("/proc")) {
      for (const char* file : {"/cmdline", "/environ"}) {
        const std::string text = read_file(entry.path().string() + file);
        EXPECT_FALSE(has(text, secret)) << entry.path() << file << ": " << text;
      }
    }
  }
};

TEST_F(RstapBecomeFake, AQuestionThatQuotesThePassword) {
  fake_sudo("ask \"Code for $pw: \"");
  const std::string record = scratch_.path("record");
  Program& shell = at_terminal(with_exit({"--ask-become-pass", "--bootstrap", "-v", "--record", record}), "exec:sh");
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("(sudo) Code for (the password): ")) << shell.captured();
  expect_nowhere(kSecret);
  ASSERT_TRUE(shell.write("\x04"));
  ASSERT_TRUE(shell.wait_for_out("code=1\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), ": sudo there asks \"Code for (the password): \": no answer was given"))
      << shell.captured();
  EXPECT_FALSE(has(read_file(record), kSecret));
  end_terminal();
}

// Nobody but the person needs to know of what an asker asks.
TEST_F(RstapBecomeFake, AQuestionIsInNoArgument) {
  fake_sudo("ask \"Favourite colour\"': '");
  Program& shell = at_terminal(with_exit({"--ask-become-pass", "--bootstrap"}), "exec:sh");
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("(sudo) Favourite colour: ")) << shell.captured();
  expect_nowhere("Favourite colour: ");
  ASSERT_TRUE(shell.write("\x04"));
  ASSERT_TRUE(shell.wait_for_out("code=1\r\n")) << shell.captured();
  end_terminal();
}

// A short one would be told by a mask in its place.
TEST_F(RstapBecomeFake, AnswersAreQuotedNowhere) {
  constexpr std::string_view kPin = "q7", kCode = "48151623";
  fake_sudo(
      "ask 'PIN: '\npin=$answer\nask 'Code: '\nask \"PIN $pin, once more: \"\n"
      "echo \"wrong: $answer\" >&2");
  const std::string record = scratch_.path("record");
  Program& shell = at_terminal(with_exit({"--ask-become-pass", "--bootstrap", "-v", "--record", record}), "exec:sh");
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("(sudo) PIN: ")) << shell.captured();
  answer(kPin);
  ASSERT_TRUE(shell.wait_for_out("(sudo) Code: ")) << shell.captured();
  answer("31415926");
  ASSERT_TRUE(shell.wait_for_out("(sudo) (not shown: it may quote what was typed)")) << shell.captured();
  answer(kCode);
  ASSERT_TRUE(shell.wait_for_out("code=1\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), ": wrong: (the answer)")) << shell.captured();
  const std::string all = shell.out() + read_file(record);
  EXPECT_FALSE(has(all, "PIN q7") || has(all, kCode)) << shell.captured();
  end_terminal();
}

// A start file that is slow and ends no line. What is typed meanwhile would be sudo's password.
TEST_F(RstapBecome, WhatStartFilesSayIsNoQuestion) {
  const std::string log = scratch_.path("log");
  site("Defaults logfile=" + log + "\n" + std::string(kAll),
       {.server_lines = {R"(ForceCommand echo welcome; printf "Loading profile..." >&2; sleep 2; )"
                         R"(eval "$SSH_ORIGINAL_COMMAND")"}});
  Program& shell = at_terminal(with_exit({"--ask-become-pass", "-v"}));
  ASSERT_TRUE(shell.wait_for_out("on 1 target: ")) << shell.captured();
  EXPECT_FALSE(has(shell.out(), "(sudo)")) << shell.captured();
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("code=0\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), "it says: welcome") && has(shell.out(), "it says: Loading profile..."))
      << shell.captured();
  EXPECT_FALSE(has(shell.out(), "not shown")) << shell.captured();
  EXPECT_FALSE(has(read_file(log), "incorrect")) << read_file(log);
  end_terminal();
}

TEST_F(RstapBecome, ThisAgentAloneByItsDigest) {
  Program sum({.argv = {"sha256sum", agent_program()}, .env = scratch_.environment()});
  ASSERT_EQ(sum.wait_exit(), 0);
  site("ada ALL=(root) sha256:" + sum.out().substr(0, 64) + " /usr/bin/stapsh\n");
  Program& shell = at_terminal(with_exit({"--ask-become-pass"}));
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("code=0\r\n"));
  end_terminal();
}

TEST_F(RstapBecome, NoSudoThere) {
  mounts_.hide("/usr/bin/sudo");
  const Site& there = site(kAll);
  Program rstap(client(words(with_exit({"--become"})), &there));
  EXPECT_EQ(rstap.wait_exit(), 1);
  EXPECT_TRUE(has(rstap.err(), ": sudo: there is none on the target\n")) << rstap.captured();
}

TEST_F(RstapBecome, SystemtapsAgentIsAskedForAsWell) {
  mounts_.replace("/usr/bin/stapsh", kReleasedAgent);
  mounts_.replace("/etc/passwd", scratch_.write("passwd", kPasswd));
  mounts_.replace("/etc/shadow", scratch_.write("shadow", "ada:" + std::string(kHash) + ":19000:0:99999:7:::\n", 0600));
  mounts_.replace("/etc/sudoers", scratch_.write("sudoers", std::string(kDefaults) + std::string(kAll), 0440));
  site_ = &start_site(Via::kSsh, kReleasedAgent, {.client_lines = {"User ada"}});
  Program& shell = at_terminal(with_exit({"--ask-become-pass"}));
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("code=0\r\n"));
  EXPECT_TRUE(has(shell.out(), "hi\r\n")) << shell.out();
  end_terminal();
}

TEST_F(RstapBecome, OneAnswerForAllTargets) {
  site(kAll);
  Program& shell = at_terminal(with_exit({"--ask-become-pass"}), "h[0-4]");
  ASSERT_TRUE(shell.wait_for_out("rstap: password for sudo of root on 5 targets: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("5 targets: 5 succeeded; all clean"));
  EXPECT_EQ(count_of("rstap: password for sudo of", shell.out()), 1U) << shell.out();
  end_terminal();
}

// A wrong one costs one try, on one of them.
TEST_F(RstapBecome, AWrongAnswerIsTriedOnOneTarget) {
  const std::string log = scratch_.path("log");
  site("Defaults logfile=" + log + "\n" + std::string(kAll));
  Program& shell = at_terminal(with_exit({"--ask-become-pass", "--retries=2"}), "h[0-4]");
  ASSERT_TRUE(shell.wait_for_out("on 5 targets: "));
  answer(kWrong);
  ASSERT_TRUE(shell.wait_for_out("code=1\r\n"));
  EXPECT_TRUE(has(shell.out(), "5 not touched")) << shell.out();
  EXPECT_EQ(count_of("1 incorrect password attempt", read_file(log)), 1U) << read_file(log);
  EXPECT_EQ(count_of("2 incorrect", read_file(log)), 0U) << read_file(log);
  EXPECT_TRUE(has(shell.out(), "which was the first to get it, did not take it")) << shell.out();
  end_terminal();
}

/// What sudo's PAM asks besides: a code, which is good once.
class RstapBecomeCode : public RstapBecome {
 protected:
  static constexpr std::string_view kCodeQuestion = "(sudo) Verification code: ", kCode = "48151623",
                                    kNext = "42108842";
  static constexpr std::string_view kPassword = "auth required pam_unix.so\n",
                                    kRest = "account required pam_permit.so\n";

  void SetUp() override {
    RstapBecome::SetUp();
    if (IsSkipped()) return;
    if (!fs::exists("/usr/bin/google-authenticator")) GTEST_SKIP() << "needs libpam-google-authenticator";
    const std::string codes =
        "ONSWG4TFOQONSWG4\n\" TOTP_AUTH\n" + std::string(kCode) + "\n" + std::string(kNext) + "\n";
    code_ = "auth required pam_google_authenticator.so user=root secret=" + scratch_.write("codes", codes, 0600) + "\n";
  }
  void pam(const std::string& text) { mounts_.replace("/etc/pam.d/sudo", scratch_.write("pam", text)); }

  std::string code_;
};

TEST_F(RstapBecomeCode, ThePersonIsAskedForIt) {
  pam(std::string(kPassword) + code_ + std::string(kRest));
  site(kAll);
  const std::string record = scratch_.path("record");
  Program& shell = at_terminal(with_exit({"--ask-become-pass", "-v", "--record", record}));
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("rstap: h0: " + std::string(kCodeQuestion))) << shell.captured();
  answer(kCode);
  ASSERT_TRUE(shell.wait_for_out("code=0\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), "hi\r\n") && has(shell.out(), "; all clean")) << shell.captured();
  EXPECT_FALSE(has(shell.out() + read_file(record), kCode)) << shell.captured();
  end_terminal();
}

TEST_F(RstapBecomeCode, BeforeThePasswordAndWithABroughtAgent) {
  pam(code_ + std::string(kPassword) + std::string(kRest));
  site(kAll);
  Program& shell = at_terminal(with_exit({"--ask-become-pass", "--bootstrap", "--stapsh", agent_program()}));
  ASSERT_TRUE(shell.wait_for_out("rstap: h0: " + std::string(kCodeQuestion))) << shell.captured();
  answer(kCode);
  ASSERT_TRUE(shell.wait_for_out("on 1 target: ")) << shell.captured();
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("code=0\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), "hi\r\n")) << shell.captured();
  end_terminal();
}

// The password is one, and each machine wants a code of its own.
TEST_F(RstapBecomeCode, EachTargetAsks) {
  pam(std::string(kPassword) + code_ + std::string(kRest));
  site(kAll);
  Program& shell = at_terminal(with_exit({"--ask-become-pass"}), "h[0-1]");
  ASSERT_TRUE(shell.wait_for_out("on 2 targets: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out(kCodeQuestion)) << shell.captured();
  answer(kCode);
  ASSERT_TRUE(becomes_true([&] { return count_of(kCodeQuestion, shell.out()) == 2; })) << shell.captured();
  answer(kNext);
  ASSERT_TRUE(shell.wait_for_out("2 targets: 2 succeeded; all clean")) << shell.captured();
  EXPECT_EQ(count_of("rstap: password for sudo of", shell.out()), 1U) << shell.captured();
  EXPECT_TRUE(has(shell.out(), "rstap: h0: (sudo)") && has(shell.out(), "rstap: h1: (sudo)")) << shell.captured();
  end_terminal();
}

TEST_F(RstapBecomeCode, AWrongOneIsSudosFailure) {
  pam(std::string(kPassword) + code_ + std::string(kRest));
  site(kAll);
  Program& shell = at_terminal(with_exit({"--ask-become-pass"}));
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out(kCodeQuestion));
  answer("12345678");
  ASSERT_TRUE(shell.wait_for_out("code=1\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), "incorrect password attempt")) << shell.captured();
  end_terminal();
}

// At ctrl-D.
TEST_F(RstapBecomeCode, NoAnswerIsNamed) {
  pam(std::string(kPassword) + code_ + std::string(kRest));
  site(kAll);
  Program& shell = at_terminal(with_exit({"--ask-become-pass"}));
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out(kCodeQuestion));
  ASSERT_TRUE(shell.write("\x04"));
  ASSERT_TRUE(shell.wait_for_out("code=1\r\n")) << shell.captured();
  EXPECT_TRUE(has(shell.out(), ": sudo there asks \"Verification code: \": no answer was given")) << shell.captured();
  end_terminal();
}

TEST_F(RstapBecomeCode, NobodyIsAskedInABatch) {
  pam(code_ + std::string(kRest));
  const Site& there = site(kAll);
  Program rstap(client(words(with_exit({"--become", "--batch"})), &there));
  EXPECT_EQ(rstap.wait_exit(), 1);
  EXPECT_TRUE(has(rstap.err(), "sudo: a password is required; give --ask-become-pass")) << rstap.captured();
}

// In an /etc of its own, since passwords are changed in there.
TEST_F(RstapBecome, AnExpiredPasswordIsChanged) {
  const std::string etc = scratch_.path("etc");
  Program copy({.argv = {"cp", "-a", "/etc", etc}, .env = scratch_.environment()});
  ASSERT_EQ(copy.wait_exit(), 0) << copy.captured();
  scratch_.write("etc/passwd", kPasswd);
  scratch_.write("etc/shadow", "ada:" + std::string(kHash) + ":19000:0:99999:7:::\n", 0600);
  scratch_.write("etc/sudoers", std::string(kDefaults) + std::string(kAll), 0440);
  scratch_.write("etc/pam.d/sudo",
                 "auth required pam_unix.so\naccount required pam_debug.so acct=new_authtok_reqd\n"
                 "password required pam_unix.so sha512\n");
  mounts_.replace("/etc", etc);
  site_ = &start_site(Via::kSsh, agent_program(), {.client_lines = {"User ada"}});
  Program& shell = at_terminal(with_exit({"--ask-become-pass"}));
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("Current password: ")) << shell.captured();
  answer(kSecret);
  for (const char* question : {"rstap: h0: (sudo) New password: ", "rstap: h0: (sudo) Retype new password: "}) {
    ASSERT_TRUE(shell.wait_for_out(question)) << shell.captured();
    answer("another, longer horse");
  }
  ASSERT_TRUE(shell.wait_for_out("code=0\r\n")) << shell.captured();
  EXPECT_FALSE(has(read_file(etc + "/shadow"), kHash)) << shell.captured();
  end_terminal();
}

TEST_F(RstapBecome, CtrlCAtTheQuestionStopsAll) {
  site(kAll);
  Program& shell = at_terminal(with_exit({"--ask-become-pass"}), "h[0-2]");
  ASSERT_TRUE(shell.wait_for_out("on 3 targets: "));
  ASSERT_TRUE(shell.write("\x03"));
  ASSERT_TRUE(shell.wait_for_out("code=130"));
  end_terminal();
}

// Nor in what is shown and written.
TEST_F(RstapBecome, ThePasswordIsInNoArgumentAndNoEnvironment) {
  site("Defaults use_pty\n" + std::string(kAll));
  const std::string record = scratch_.path("record");
  Program& shell = at_terminal({"--ask-become-pass", "-v", "--record", record, "--runner-arg=pause"});
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(becomes_true([&] { return has(read_file(record), "running"); })) << shell.captured();
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (entry.path().filename() == std::to_string(::getpid())) continue;
    for (const char* file : {"/cmdline", "/environ"}) {
      const std::string text = read_file(entry.path().string() + file);
      EXPECT_FALSE(has(text, kSecret)) << entry.path() << file << ": " << text;
      seen += has(text, std::string("sudo") + '\0') ? 1U : 0U;
    }
  }
  EXPECT_GE(seen, 1U) << "no sudo was looked at";
  ASSERT_TRUE(shell.write("\x03"));
  ASSERT_TRUE(shell.wait_for_out("code=129"));  // What its runner died of.
  EXPECT_FALSE(has(read_file(record), kSecret));
  end_terminal();
}

// The way ends, and with it sudo and what it started: also behind a pty of sudo's own.
TEST_F(RstapBecome, KilledRstapLeavesNothing) {
  const Site& there = site("Defaults use_pty\n" + std::string(kNoPassword));
  const std::string record = scratch_.path("record");
  Program rstap(client(words({"--become", "--record", record, "--runner-arg=pause"}), &there));
  ASSERT_TRUE(becomes_true([&] { return has(read_file(record), "running"); })) << rstap.captured();
  rstap.send_signal(SIGKILL);
  EXPECT_EQ(rstap.wait_exit(), 137);
  expect_nothing_left();
}

TEST_F(RstapBecome, WhatCantBeIsRefusedBeforeAnything) {
  struct Case {
    std::vector<std::string> words;
    std::string says;
  };
  const std::vector<Case> cases{
      {{"--ask-become-pass", "--batch"}, "--batch asks nothing: leave one of them out"},
      {{"--ask-become-pass"}, "there is no terminal to ask at"},
      {{"--become", "--remote", "exec:true"}, "exec:true: --become is for ssh targets"},
      {{"--become", "--remote", "stapsh:"}, "rstap: stapsh: --become is for ssh targets"},
      {{"--become=a b"}, "'a b' is no name of a user"},
  };
  for (const Case& each : cases) {
    std::vector<std::string> argv = words(each.words);
    argv.insert(argv.begin(), "/usr/bin/setsid");  // Without the terminal that a person may run this at.
    argv.insert(argv.begin() + 1, "-w");
    Program rstap(client(argv));
    EXPECT_EQ(rstap.wait_exit(), 2) << rstap.captured();
    EXPECT_TRUE(has(rstap.err(), each.says)) << rstap.captured();
  }
}

// A shell as podman exec gives one.
TEST_F(RstapBecome, AShellOfExecAsWell) {
  site(kAll);
  std::vector<std::string> more = with_exit({"--ask-become-pass", "--bootstrap", "--stapsh", agent_program()});
  Program& shell = at_terminal(more, "exec:ssh h0 sh");
  ASSERT_TRUE(shell.wait_for_out("on 1 target: "));
  answer(kSecret);
  ASSERT_TRUE(shell.wait_for_out("code=0\r\n"));
  EXPECT_TRUE(has(shell.out(), "hi\r\n")) << shell.out();
  end_terminal();
}

}  // namespace
}  // namespace stapsh::real
