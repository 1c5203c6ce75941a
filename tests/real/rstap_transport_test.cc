// SPDX-License-Identifier: Apache-2.0
// What rstap makes of ways that hang, that say something else than an agent does, and that end.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

using namespace std::chrono_literals;

class RstapTransport : public RemoteTest {
 protected:
  /// A module that is ready, run by fake_runner, whose steps are words for the runner.
  std::vector<std::string> fake(const std::vector<std::string>& uris, const std::vector<std::string>& steps) {
    mounts_.replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER);
    std::vector<std::string> words{STAPSH_CLIENT, "--stapsh", agent_program(), scratch_.write("probe.ko", "no module")};
    for (const std::string& uri : uris) words.insert(words.end(), {"--remote", uri});
    for (const std::string& step : steps) words.push_back("--runner-arg=" + step);
    return words;
  }
  std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// Runs it to its end; how long that took.
  std::chrono::milliseconds run(Program& rstap, int code) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(rstap.wait_exit(), code) << rstap.captured();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
};

// It was killed three seconds later.
TEST_F(RstapTransport, ConnectTimeoutHoldsForATransportThatHangs) {
  for (const std::string hangs : {"sleep 1000", "trap '' HUP INT TERM; while :; do sleep 1; done",
                                  "cat > /dev/null; sleep 1000", "echo stapsh 5.6 x86_64 6.1; sleep 1000"}) {
    SCOPED_TRACE(hangs);
    Program rstap(client(with(fake({"exec:" + hangs, "stapsh:"}, {"exit:0"}), {"--connect-timeout=1"})));
    EXPECT_LT(run(rstap, 1), 3'000ms) << rstap.captured();
    EXPECT_TRUE(has(rstap.err(), "1 succeeded")) << rstap.captured();
    expect_nothing_left();
  }
}

// The listener's queue is full: connect(2) would wait for ever, and all of rstap with it.
TEST_F(RstapTransport, ConnectTimeoutHoldsForASocketThatNobodyAccepts) {
  const std::string path = scratch_.path("full");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  std::vector<int> sockets{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::bind(sockets[0], generic, sizeof address), 0);
  ASSERT_EQ(::listen(sockets[0], 0), 0);
  for (bool queued = true; queued;) {
    sockets.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    queued = ::connect(sockets.back(), generic, sizeof address) == 0;
  }
  Program rstap(client(with(fake({"unix:" + path, "stapsh:"}, {"exit:0"}), {"--connect-timeout=1"})));
  EXPECT_LT(run(rstap, 1), 3'000ms);
  EXPECT_TRUE(has(rstap.err(), "1 succeeded")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "busy: another client uses it")) << rstap.captured();
  for (const int socket : sockets) ::close(socket);
}

TEST_F(RstapTransport, WhatAnAccountPrintsInsteadOfAnAgentIsTheReason) {
  const Site& site = start_site(Via::kSsh, agent_program(),
                                {.server_lines = {"ForceCommand echo 'This account is not available.'; exit 1"}});
  Program rstap(client(fake({site.uri()}, {"exit:0"}), &site));
  run(rstap, 1);
  EXPECT_TRUE(has(rstap.err(), "no hello from stapsh: the account prints \"This account is not available.\""))
      << rstap.captured();
}

// It hid the hello: 30 seconds of waiting, and advice to wait longer.
TEST_F(RstapTransport, HelloIsFoundBehindTheTitleThatAStartFileSets) {
  (void)fake({}, {});  // What sessions see must be there before sshd.
  const Site& site = start_site(Via::kSsh, agent_program(),
                                {.server_lines = {R"(ForceCommand printf '\033]0;x\007'; exec /usr/bin/stapsh)"}});
  Program rstap(client(fake({site.uri()}, {"say:hi", "exit:0"}), &site));
  run(rstap, 0);
  EXPECT_EQ(rstap.out(), "hi\n") << rstap.captured();
}

TEST_F(RstapTransport, CarriageReturnOfSshIsNotShown) {
  Program rstap(client(fake({"exec:printf 'first\\r\\nlast\\r\\n' >&2; exit 1"}, {"exit:0"})));
  run(rstap, 1);
  EXPECT_TRUE(has(rstap.err(), "first\n")) << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "no hello from stapsh: last\n")) << rstap.captured();
}

// rstap raises its own. ssh and runners may use select(2), which knows no descriptor above 1023.
TEST_F(RstapTransport, ChildrenHaveTheDescriptorLimitThatWeWereStartedWith) {
  std::vector<std::string> words = fake({"exec:ulimit -Sn >&2; exit 1"}, {"exit:0"});
  words.insert(words.begin(), {"/bin/sh", "-c", "ulimit -Sn 300; exec \"$@\"", "sh"});
  Program rstap(client(words));
  run(rstap, 1);
  EXPECT_TRUE(has(rstap.err(), "no hello from stapsh: 300\n")) << rstap.captured();
}

TEST_F(RstapTransport, SignalIsSaidOnlyWhereOneEndedTheRunner) {
  for (const std::string uri : {"stapsh:", "direct:"}) {
    SCOPED_TRACE(uri);
    Program killed(client(fake({uri}, {"die:9"})));
    run(killed, 137);
    EXPECT_TRUE(has(killed.err(), "runner was ended by signal 9 (exit code 137)")) << killed.captured();
    for (const int code : {130, 137, 255}) {
      Program ended(client(fake({uri}, {"exit:" + std::to_string(code)})));
      run(ended, code);
      EXPECT_TRUE(has(ended.err(), "runner ended with exit code " + std::to_string(code))) << ended.captured();
    }
  }
}

TEST_F(RstapTransport, LackOfDescriptorsIsSaidBeforeTheRunAndInIt) {
  std::vector<std::string> words{"/bin/sh", "-c", "ulimit -n 40; exec \"$@\"", "sh"};
  const std::vector<std::string> uris(16, "stapsh:");
  Program rstap(client(with(words, fake(uris, {"exit:0"}))));
  (void)rstap.wait_exit();
  EXPECT_TRUE(has(rstap.err(), "16 targets can need 88 open files at once, and this process may have 40 (ulimit -Hn)"))
      << rstap.captured();
  EXPECT_TRUE(has(rstap.err(), "Too many open files; a process may have 40 files open here (ulimit -Hn)"))
      << rstap.captured();
}

// A way that fails twice, and then leads to an agent.
TEST_F(RstapTransport, RetriesConnectAgainAsOftenAsAsked) {
  const std::string counter = scratch_.path("tries");
  const std::string third = "exec:echo x >> " + counter + "; test $(wc -l < " + counter +
                            ") -gt 2 || { echo not yet >&2; " + "exit 1; }; exec " + agent_program();
  for (const bool enough : {false, true}) {
    (void)::unlink(counter.c_str());
    Program rstap(client(with(fake({third}, {"exit:0"}), {enough ? "--retries=2" : "--retries=1", "-v"})));
    run(rstap, enough ? 0 : 1);
    EXPECT_TRUE(has(rstap.err(), "connecting again (1 of ")) << rstap.captured();
    EXPECT_EQ(has(rstap.err(), "connecting again (2 of 2): no hello from stapsh: not yet"), enough) << rstap.captured();
  }
  (void)::unlink(counter.c_str());
  Program none(client(fake({third}, {"exit:0"})));
  run(none, 1);
}

// The run is lost, and so are, just before their answer, the connections that ask whether anything is left of it.
TEST_F(RstapTransport, WhetherAnythingIsLeftIsAskedAgainIfTheConnectionIsLost) {
  const std::string counter = scratch_.path("tries"), pid = scratch_.path("agent.pid");
  for (const int cut : {2, 3}) {
    SCOPED_TRACE(cut);
    (void)::unlink(counter.c_str());
    const std::string way = "exec:echo x >> " + counter + "; n=$(wc -l < " + counter + "); echo $$ > " + pid +
                            "; test $n -gt 1 && test $n -lt " + std::to_string(cut + 2) + " && { " + agent_program() +
                            " | sed -u '/^OK removed=/Q'; exit 0; }; exec " + agent_program();
    Program rstap(client(with(fake({way}, {"say:up", "forever"}), {"--connect-timeout=300"})));
    ASSERT_TRUE(rstap.wait_for_out("up\n")) << rstap.captured();
    ASSERT_EQ(::kill(std::stoi(read_file(pid)), SIGKILL), 0);
    run(rstap, 1);
    const std::string doubt =
        "; it could not be asked whether anything is left: the connection ended before the answer";
    EXPECT_EQ(has(rstap.err(), "all clean"), cut == 2) << rstap.captured();
    EXPECT_EQ(has(rstap.err(), doubt) && has(rstap.err(), "; rstap sweep asks again"), cut == 3) << rstap.captured();
    EXPECT_EQ(read_file(counter), "x\nx\nx\nx\n");  // The run, and three questions.
    expect_nothing_left();
  }
}

// It was cut by the first ctrl-C, which is when people want to know.
TEST_F(RstapTransport, WhetherAnythingIsLeftIsAskedUntilAPersonInsists) {
  const std::string asks = scratch_.path("asks"), go = scratch_.path("go"), pid = scratch_.path("agent.pid");
  ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
  const std::string way = "exec:if test -e " + pid + "; then : > " + asks + "; read -r line < " + go +
                          "; fi; echo $$ > " + pid + "; exec " + agent_program();
  for (const int interrupts : {1, 2}) {
    SCOPED_TRACE(interrupts);
    for (const std::string& file : {asks, pid}) (void)::unlink(file.c_str());
    Program rstap(client(with(fake({way}, {"say:up", "forever"}), {"--connect-timeout=300"})));
    ASSERT_TRUE(rstap.wait_for_out("up\n")) << rstap.captured();
    ASSERT_EQ(::kill(std::stoi(read_file(pid)), SIGKILL), 0);
    ASSERT_TRUE(becomes_true([&] { return ::access(asks.c_str(), F_OK) == 0; }));
    rstap.send_signal(SIGINT);
    rstap.send_signal(SIGUSR1);  // Once it has said what it is at, it has heard both.
    ASSERT_TRUE(rstap.wait_for_err(": asking what is left\n")) << rstap.captured();
    if (interrupts == 2) rstap.send_signal(SIGINT);
    std::fstream both_ends(go);  // So that neither opening nor writing waits for the shell.
    if (interrupts == 1) both_ends << "go\n" << std::flush;
    run(rstap, 1);
    const std::string doubt =
        "; it could not be asked whether anything is left: nobody waited for the answer; rstap sweep asks again";
    EXPECT_EQ(has(rstap.err(), "all clean"), interrupts == 1) << rstap.captured();
    EXPECT_EQ(has(rstap.err(), doubt), interrupts == 2) << rstap.captured();
    expect_nothing_left();
  }
}

TEST_F(RstapTransport, DirectRunnerIsWhereThePersonIsAndReadsWhatTheyType) {
  scratch_.write("mine", "12345");
  ProgramOptions options = client(with(fake({"direct:"}, {"file:./mine", "stdin", "exit:0"}), {"-c", "./mine"}));
  options.input = ProgramOptions::Input::kPipe;
  Program rstap(options);
  ASSERT_TRUE(rstap.write("0123456789"));
  rstap.close_input();
  run(rstap, 0);
  EXPECT_TRUE(has(rstap.out(), "./mine 5 ")) << rstap.captured();
  EXPECT_TRUE(has(rstap.out(), "stdin 10\n")) << rstap.captured();
}

// ctrl-\ left the workspace.
TEST_F(RstapTransport, QuitFromTheTerminalStops) {
  for (const std::string uri : {"direct:", "stapsh:"}) {
    SCOPED_TRACE(uri);
    Program rstap(client(fake({uri}, {"say:up", "forever"})));
    ASSERT_TRUE(rstap.wait_for_out("up\n"));
    rstap.send_group_signal(SIGQUIT);
    (void)rstap.wait_exit();
    EXPECT_TRUE(has(rstap.err(), "clean")) << rstap.captured();
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace stapsh::real
