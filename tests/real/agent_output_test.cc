// SPDX-License-Identifier: Apache-2.0
// The runner's output through the built agent: every byte, in order, behind the OK, in well-formed frames.
#include <csignal>

#include "harness/agent_test.h"
#include "harness/site.h"

namespace stapsh::real {
namespace {

class AgentOutput : public AgentTest {};

enum class How { kQuit, kEndOfInput, kTerm };

void end(Program& agent, How how) {
  switch (how) {
    case How::kQuit:
      EXPECT_TRUE(agent.write("quit\n"));
      break;
    case How::kEndOfInput:
      agent.close_input();
      break;
    case How::kTerm:
      agent.send_signal(SIGTERM);
      break;
  }
}

void expect_whole(const std::string& wire, const std::string& out, const std::string& err) {
  const Frames frames = parse_frames(wire);
  EXPECT_EQ(frames.fault, "");
  EXPECT_TRUE(frames.out == out) << frames.out.size() << " bytes of standard output, want " << out.size();
  EXPECT_TRUE(frames.err == err) << frames.err.size() << " bytes of standard error, want " << err.size();
  ASSERT_FALSE(frames.lines.empty());
  EXPECT_EQ(frames.lines.back(), "quit");
  EXPECT_TRUE(wire.ends_with("quit\n"));
}

// 60,000 bytes arrived whole in 3 to 5 of 10 runs; `quit` landed inside a frame.
TEST_F(AgentOutput, RunnerThatExitsAtOnceLosesNothing) {
  for (int run = 0; run < 100; run++) {
    SCOPED_TRACE(run);
    const Session session = talk(agent(), "stap 4.8\noption data\nrun out:60000 exit:9\n");
    expect_whole(session.out, pattern(60'000), "");
    EXPECT_EQ(session.code, 9);
    if (HasFailure()) return;
  }
}

TEST_F(AgentOutput, SizesAroundPipesAndFramesArriveWhole) {
  const std::vector<std::size_t> sizes{0,     1,     4095,  4096,   4097,     8192,
                                       65535, 65536, 65537, 131073, 1U << 20, (1U << 20) + 1};
  for (const std::size_t size : sizes) {
    for (const auto input : {Input::kPipe, Input::kSocket}) {
      SCOPED_TRACE(std::to_string(size) + (input == Input::kPipe ? " pipe" : " socket"));
      const std::string n = std::to_string(size);
      const Session session = talk(agent(input), "stap 4.8\noption data\nrun out:" + n + " err:" + n + " out:1\n");
      expect_whole(session.out, pattern(size) + pattern(1), pattern(size));
      EXPECT_EQ(session.code, 0);
    }
  }
}

TEST_F(AgentOutput, ManySmallWritesArriveInOrder) {
  const Session session = talk(agent(), "stap 4.8\noption data\nrun chunks:7x20000\n");
  std::string want;
  for (int i = 0; i < 20'000; i++) want += pattern(7);
  expect_whole(session.out, want, "");
}

TEST_F(AgentOutput, ReaderThatComesLateGetsEverything) {
  for (const auto input : {Input::kPipe, Input::kSocket}) {
    ProgramOptions how = agent(input);
    how.read_output = false;
    Program agent(how);
    ASSERT_TRUE(agent.write("stap 4.8\noption data\nrun out:3000000 warn:written exit:5\n"));
    // The runner is stuck in the middle of its output: the agent holds no more than pipes do.
    EXPECT_FALSE(agent.wait_gone(Bound(100)));
    agent.resume_reading();
    EXPECT_EQ(agent.wait_exit(), 5) << agent.captured();
    expect_whole(after_hello(agent.out()), pattern(3'000'000), "written\n");
  }
}

// The OK of a runner that ended at once was lost, or overtaken by its output.
TEST_F(AgentOutput, OkComesBeforeTheFirstByteWithoutDataMode) {
  for (int run = 0; run < 100; run++) {
    SCOPED_TRACE(run);
    const Session session = talk(agent(), "stap 4.8\nrun out:5 exit:6\n");
    EXPECT_EQ(session.out, "OK\n" + pattern(5));
    EXPECT_EQ(session.code, 6);
    if (HasFailure()) return;
  }
}

// A released client drops what it reads together with the OK: all the output of 1 to 3 in 10 runs over ssh.
TEST_F(AgentOutput, RunnerIsNotExecutedBeforeTheOkWasRead) {
  using std::chrono::milliseconds, std::chrono::steady_clock;
  for (const auto input : {Input::kPipe, Input::kSocket}) {
    for (const bool reads : {false, true}) {
      SCOPED_TRACE(std::string(input == Input::kPipe ? "pipe" : "socket") + (reads ? ", read" : ", not read"));
      ProgramOptions how = agent(input);
      how.read_output = false;
      Program agent(how);
      const auto told_at = steady_clock::now();
      ASSERT_TRUE(agent.write("stap 4.8\nrun warn:up say:hello\n"));
      const auto read_at = steady_clock::now();
      if (reads) agent.resume_reading();
      ASSERT_TRUE(agent.wait_for_err("up\n"));
      // No sooner than the client has read, and a relay passed on; or than nobody waits any longer.
      const auto up_at = steady_clock::now();
      EXPECT_TRUE(up_at - told_at >= milliseconds(200) || (reads && up_at - read_at >= milliseconds(50)));
      agent.resume_reading();
      EXPECT_EQ(agent.wait_exit(), 0);
      EXPECT_EQ(after_hello(agent.out()), "OK\nhello\n");
    }
  }
}

TEST_F(AgentOutput, WithoutDataModeStreamsAreInherited) {
  const Session session = talk(agent(), "stap 4.8\nrun out:1000000 warn:to-stderr\n");
  EXPECT_EQ(session.out.size(), 3 + 1'000'000U);
  EXPECT_EQ(session.err, "to-stderr\n");
}

// It could take the client's next command, such as `quit`.
TEST_F(AgentOutput, RunnerCannotReadTheConnection) {
  Program socket(agent(Input::kSocket));
  ASSERT_TRUE(socket.write("stap 4.8\nrun reads:1 catch:1 say:up pause exit:3\n"));
  ASSERT_TRUE(socket.wait_for_out("OK\n1 is for writing\nup\n"));
  ASSERT_TRUE(socket.write("quit\n"));
  EXPECT_TRUE(socket.wait_for_out("caught 1\n"));
  EXPECT_EQ(socket.wait_exit(), 3) << socket.captured();

  ProgramOptions how = agent();
  how.argv = options({"script", "-qec", "exec " + agent_program() + " --grace 0.2", "/dev/null"}, &mounts_).argv;
  Program terminal(how);
  ASSERT_TRUE(terminal.write("stap 4.8\nrun reads:1 reads:2 exit:3\n"));
  EXPECT_EQ(terminal.wait_exit(), 3) << terminal.captured();
  EXPECT_TRUE(terminal.wait_for_out("1 is for writing\r\n2 is for writing\r\n"));
}

// Where both are one connection, what is said on either comes in its order.
TEST_F(AgentOutput, WithoutDataModeBothStreamsKeepTheirOrder) {
  ProgramOptions how = agent(Input::kSocket);
  how.argv = options({"sh", "-c", "exec \"$0\" --grace 0.2 2>&1", agent_program()}, &mounts_).argv;
  std::string steps;
  std::string want;
  for (int i = 0; i < 100; ++i) {
    steps += " say:" + std::to_string(i) + " warn:to-stderr";
    want += std::to_string(i) + "\nto-stderr\n";
  }
  const Session session = talk(how, "stap 4.8\nrun" + steps + "\n");
  EXPECT_EQ(session.out, "OK\n" + want);
  EXPECT_EQ(session.code, 0);
}

TEST_F(AgentOutput, WithoutDataModeASlowReaderOfASocketLosesNothing) {
  ProgramOptions how = agent(Input::kSocket);
  how.read_output = false;
  Program slow(how);
  ASSERT_TRUE(slow.write("stap 4.8\nrun chunks:65536x64 say:last exit:3\n"));
  EXPECT_FALSE(slow.wait_gone(Bound(300)));
  slow.resume_reading();
  EXPECT_EQ(slow.wait_exit(), 3);
  std::string want = "OK\n";
  for (int i = 0; i < 64; ++i) want += pattern(65'536);
  EXPECT_TRUE(after_hello(slow.out()) == want + "last\n");
}

// It went to the listener's own standard output, and the client was told of success.
TEST_F(AgentOutput, WithoutDataModeOutputGoesDownTheConnection) {
  const std::string path = scratch_.path("agent.sock");
  Program listener(this->agent(Input::kNull, {"--grace", "0.2", "--listen", "unix:" + path}));
  wait_for_socket(path, listener);
  ProgramOptions how = options({"socat", "STDIO", "UNIX-CONNECT:" + path});
  how.input = Input::kPipe;
  Program client(how);
  ASSERT_TRUE(client.write("stap 4.8\nrun out:1000000 warn:to-stderr exit:7\n"));
  EXPECT_EQ(client.wait_exit(), 0) << client.captured();  // An exit code can't travel there.
  EXPECT_TRUE(after_hello(client.out()) == "OK\n" + pattern(1'000'000) + "to-stderr\n") << client.captured();

  Program rstap(options({STAPSH_CLIENT, "--dialect=rfc", "--remote", "unix:" + path, "--runner-arg=say:up",
                         "--runner-arg=warn:to-stderr", scratch_.write("x.ko", "abc")}));
  (void)rstap.wait_exit();
  EXPECT_TRUE(rstap.wait_for_out("up\nto-stderr\n"));
  EXPECT_EQ(listener.out() + listener.err(), "");
}

// As behind `sudo -u`: the pipe can't be opened again, so its own flag must change, and the runner took EAGAIN for an
// error.
TEST_F(AgentOutput, RunnerInheritsABlockingPipeOfAnotherUser) {
  ProgramOptions how = agent();
  how.argv = options({"sh", "-c",
                      "chown 65534 /proc/self/fd/0 /proc/self/fd/1 && "
                      "exec setpriv --bounding-set=-dac_override,-dac_read_search \"$0\" --grace 0.2",
                      agent_program()},
                     &mounts_)
                 .argv;
  how.read_output = false;
  Program agent(how);
  ASSERT_TRUE(agent.write("stap 4.8\nrun out:1000000 exit:7\n"));
  EXPECT_FALSE(agent.wait_gone(Bound(200)));
  agent.resume_reading();
  EXPECT_EQ(agent.wait_exit(), 7) << agent.captured();
  EXPECT_EQ(after_hello(agent.out()).size(), 3 + 1'000'000U);
}

TEST_F(AgentOutput, FramesOfStandardErrorGoDownTheProtocolsStream) {
  const Session session = talk(agent(), "stap 4.8\noption data\nrun warn:careful\n");
  EXPECT_EQ(session.out, "OK\nOK\ndata stderr 8\ncareful\nquit\n");
  EXPECT_EQ(session.err, "");
}

TEST_F(AgentOutput, TimeAndExitAreSaidWhenAskedFor) {
  const Session session = talk(agent(), "stap 4.8\noption data\noption exit\noption time\nrun say:x die:15\n");
  const Frames frames = parse_frames(session.out);
  EXPECT_EQ(frames.lines, (std::vector<std::string>{"OK", "OK", "OK", "OK", "exit 143", "quit"})) << session.out;
  ASSERT_EQ(frames.times.size(), 1U) << session.out;
  const std::string& time = frames.times.front();
  EXPECT_EQ(time.find('.') + 10, time.size()) << time << ": want nine digits behind the dot";
  EXPECT_EQ(session.code, 143);
}

// What a runner said after its stop signal was lost; more than a pipe of it hung agent and runner for good.
TEST_F(AgentOutput, EndProbesOutputArrivesHoweverTheSessionEnds) {
  for (const char* mode : {"", "option data\n"}) {
    for (const How how : {How::kQuit, How::kEndOfInput, How::kTerm}) {
      SCOPED_TRACE(std::string(mode) + std::to_string(static_cast<int>(how)));
      Program agent(this->agent());
      ASSERT_TRUE(agent.write(std::string("stap 4.8\n") + mode + "run catch:1 say:up pause out:300000 exit:3\n"));
      ASSERT_TRUE(agent.wait_for_out("up\n"));
      end(agent, how);
      (void)agent.wait_exit();
      const std::string wire = after_hello(agent.out());
      const std::string want = "up\ncaught 1\n" + pattern(300'000);
      if (*mode != '\0') {
        expect_whole(wire, want, "");
      } else {
        EXPECT_TRUE(wire == "OK\n" + want) << agent.captured();
      }
    }
  }
}

// A client that stopped reading had its `quit` ignored, and SIGTERM hung the agent.
TEST_F(AgentOutput, ClientThatDoesNotReadCanStillStop) {
  for (const How how : {How::kQuit, How::kEndOfInput, How::kTerm}) {
    SCOPED_TRACE(static_cast<int>(how));
    ProgramOptions options = agent();
    options.read_output = false;
    Program agent(options);
    ASSERT_TRUE(agent.write("stap 4.8\noption data\nrun chunks:4096x1000000\n"));
    end(agent, how);
    EXPECT_TRUE(agent.wait_gone());
  }
}

TEST_F(AgentOutput, ClientThatGoesAwayInTheMiddleLeavesNothing) {
  for (const char* mode : {"", "option data\n"}) {
    for (const auto input : {Input::kPipe, Input::kSocket}) {
      SCOPED_TRACE(mode);
      Program agent(this->agent(input));
      ASSERT_TRUE(agent.write(std::string("stap 4.8\n") + mode + "file 3 probe.ko\nabcrun chunks:4096x10000000\n"));
      ASSERT_TRUE(agent.wait_for_out("OK\nOK\n"));
      agent.close_input();
      EXPECT_TRUE(agent.wait_gone());
    }
  }
}

}  // namespace
}  // namespace stapsh::real
