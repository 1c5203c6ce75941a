// SPDX-License-Identifier: Apache-2.0
// The built agent, spoken to in bytes: what it answers, in which split and order, and what it must not take for
// commands. Each of the released agent's faults in reading has a test named after its situation.
#include <sys/utsname.h>

#include <csignal>

#include "harness/agent_test.h"

namespace stapsh::real {
namespace {

class AgentProtocol : public AgentTest {};

TEST_F(AgentProtocol, HelloHasFourWords) {
  Program agent(this->agent());
  ASSERT_TRUE(agent.write("stap 4.8\n"));
  ASSERT_TRUE(agent.wait_for_out("\n"));
  utsname kernel{};
  ::uname(&kernel);
  const std::string out = agent.out();
  EXPECT_TRUE(out.starts_with("stapsh ")) << out;
  EXPECT_TRUE(out.ends_with(std::string(" ") + kernel.machine + " " + kernel.release + "\n")) << out;
  EXPECT_EQ(std::count(out.begin(), out.end(), ' '), 3) << out;
  agent.close_input();
  EXPECT_EQ(agent.wait_exit(), 0);
}

// One packet was answered up to its first command; a whole session in one write hung.
TEST_F(AgentProtocol, WholeSessionInOneWriteIsActedOn) {
  const Session session = talk(agent(), "stap 4.8\noption data\nfile 3 probe.ko\nabcrun say:done exit:7\n");
  EXPECT_EQ(session.out, "OK\nOK\nOK\ndata stdout 5\ndone\nquit\n");
  EXPECT_EQ(session.code, 7);
}

TEST_F(AgentProtocol, BytesOneAtATimeGiveTheSameSession) {
  Program agent(this->agent(Input::kSocket));
  for (const char byte : std::string("stap 4.8\r\noption data\nfile 3 probe.ko\nabcrun say:done exit:7\n"))
    ASSERT_TRUE(agent.write({&byte, 1}));
  EXPECT_EQ(agent.wait_exit(), 7) << agent.captured();
  EXPECT_EQ(after_hello(agent.out()), "OK\nOK\nOK\ndata stdout 5\ndone\nquit\n");
}

// `printf 'stap 1\n…' | stapsh` was never answered: the hang-up beat the input.
TEST_F(AgentProtocol, InputThatEndsAtOnceIsStillAnswered) {
  Program agent(this->agent());
  ASSERT_TRUE(agent.write("stap 4.8\noption data\nfile 3 probe.ko\nabc"));
  agent.close_input();
  EXPECT_EQ(agent.wait_exit(), 0) << agent.captured();
  EXPECT_EQ(after_hello(agent.out()), "OK\nOK\nquit\n");
}

TEST_F(AgentProtocol, SessionThatEndsBehindItsRunLeavesNothing) {
  Program agent(this->agent());
  ASSERT_TRUE(agent.write("stap 4.8\nfile 3 probe.ko\nabcrun forever\n"));
  agent.close_input();
  (void)agent.wait_exit();
  EXPECT_EQ(after_hello(agent.out()), "OK\nOK\n") << agent.captured();
}

TEST_F(AgentProtocol, CommandsBehindASweepWaitForIt) {
  const Session session = talk(agent(), "stap 4.8\noption data\nsweep\nrun say:done exit:7\n");
  EXPECT_EQ(session.out, "OK\nOK removed=0 left=0\nOK\ndata stdout 5\ndone\nquit\n");
  EXPECT_EQ(session.code, 7);
}

// OK, and then 127.
TEST_F(AgentProtocol, ArgumentThatTheKernelRefusesIsRefusedBeforeOk) {
  for (const char* mode : {"", "option data\n"}) {
    SCOPED_TRACE(mode);
    const Session session = talk(
        agent(), std::string("stap 4.8\n") + mode + "arg 200000\n" + std::string(200'000, 'x') + "run say:up\nquit\n");
    EXPECT_NE(session.out.find("OK\nERROR: run: argument 1 has 200000 bytes, over the 131071 "), std::string::npos)
        << session.out;
    EXPECT_EQ(session.code, 0);
  }
}

// As released agents do. A client that waits for the answer before it sends DATA was never answered.
TEST_F(AgentProtocol, RefusedFileIsAnsweredBeforeItsData) {
  Program agent(this->agent());
  ASSERT_TRUE(agent.write("stap\nfile 5\n"));
  EXPECT_TRUE(agent.wait_for_out("ERROR: file: needs a size and a name\n"));
  ASSERT_TRUE(agent.write("quit\nfile 5 ../x\n"));
  EXPECT_TRUE(agent.wait_for_out("ERROR: file: bad name '../x'"));
  ASSERT_TRUE(agent.write("quit\nquit\n"));
  EXPECT_EQ(agent.wait_exit(), 0) << agent.captured();
}

// The DATA of a refused file, and the tail of a line too long, were run as commands.
TEST_F(AgentProtocol, DataIsNeverTakenForCommands) {
  const std::string data = "\nrun say:DATA-WAS-RUN\n";
  const std::string file_of_data = "file " + std::to_string(data.size()) + " ";
  for (const char* name : {"../escape.ko", "/tmp/escape.ko", "a/b.ko", ".hidden.ko", "-x.ko", "..", "two.ko"}) {
    SCOPED_TRACE(name);
    const Session session =
        talk(agent(), "stap 4.8\nfile 2 two.ko\nab" + file_of_data + name + "\n" + data + "run say:after exit:0\n");
    EXPECT_TRUE(session.out.starts_with("OK\nERROR: ")) << session.out;
    EXPECT_TRUE(session.out.ends_with("\nOK\nafter\n")) << session.out;
    EXPECT_EQ(session.out.find("DATA-WAS-RUN"), std::string::npos) << session.out;
  }
}

TEST_F(AgentProtocol, SizeThatCanNotBeTrustedEndsTheSession) {
  for (const char* size :
       {"4294967299", "18446744073709551617", "5x", "x5", "-1", "+5", "0x5", "5.0", "999999999999"}) {
    SCOPED_TRACE(size);
    const Session session = talk(agent(), "stap 4.8\nfile " + std::string(size) + " probe.ko\nabcde\nrun say:RUN\n");
    EXPECT_TRUE(session.out.starts_with("ERROR: ")) << session.out;
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 1) << session.out;
    EXPECT_NE(session.code, 0);
  }
}

TEST_F(AgentProtocol, LineTooLongEndsTheSession) {
  const std::string line = "run " + std::string(200'000, 'x') + "\nrun say:TAIL\n";
  const Session session = talk(agent(), "stap 4.8\n" + line);
  EXPECT_TRUE(session.out.starts_with("ERROR: ")) << session.out.substr(0, 300);
  EXPECT_EQ(session.out.find("TAIL"), std::string::npos);
  EXPECT_NE(session.code, 0);
}

TEST_F(AgentProtocol, ManyArgumentsArriveDecoded) {
  // Upper and lower case hexadecimal; a word of the released limit's length and more words than it took.
  std::string run = "run say:a=20b=3Dc=3dd say:" + std::string(3000, 'y');
  for (int i = 0; i < 400; i++) run += " x" + std::to_string(i);
  const Session session = talk(agent(), "stap 4.8\n" + run + " say:last\n");
  EXPECT_EQ(session.out, "OK\na b=c=d\n" + std::string(3000, 'y') + "\nlast\n");
  EXPECT_EQ(session.code, 0);
}

TEST_F(AgentProtocol, NonsenseIsRefusedAndTheSessionGoesOn) {
  for (const char* line : {"frobnicate", "option frobnicate", "option", "file", "file 3\nab", "run =+5", "run =5",
                           "run =zz", "signal x", "signal 5"}) {
    SCOPED_TRACE(line);
    const Session session = talk(agent(), "stap 4.8\n" + std::string(line) + "\nquit\n");
    EXPECT_TRUE(session.out.starts_with("ERROR: ")) << session.out;
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 1) << session.out;
  }
}

TEST_F(AgentProtocol, CommandsForASecondRunnerStayOffTheWire) {
  Program agent(this->agent());
  ASSERT_TRUE(agent.write("stap 4.8\noption data\nrun catch:10 say:up pause exit:4\n"));
  ASSERT_TRUE(agent.wait_for_out("up\n"));
  ASSERT_TRUE(agent.write("run say:SECOND\nfile 4 late.ko\nquit\nfrobnicate\noption data\nstap 4.8\nsignal 10\n"));
  EXPECT_EQ(agent.wait_exit(), 4) << agent.captured();
  EXPECT_EQ(after_hello(agent.out()), "OK\nOK\ndata stdout 3\nup\ndata stdout 10\ncaught 10\nquit\n");
}

// Half a command line stopped the relay of output.
TEST_F(AgentProtocol, HalfALineDoesNotStopTheRelay) {
  Program agent(this->agent());
  ASSERT_TRUE(agent.write("stap 4.8\noption data\nrun catch:10 catch:12 say:up pause pause exit:0\n"));
  ASSERT_TRUE(agent.wait_for_out("up\n"));
  ASSERT_TRUE(agent.write("signal 10\nsign"));
  ASSERT_TRUE(agent.wait_for_out("caught 10\n"));
  ASSERT_TRUE(agent.write("al 12\n"));
  EXPECT_EQ(agent.wait_exit(), 0) << agent.captured();
  EXPECT_NE(agent.out().find("caught 12\n"), std::string::npos);
}

TEST_F(AgentProtocol, UploadedFileIsPrivateAndWhole) {
  const std::string bytes = pattern(300'001);
  const Session session = talk(agent(), "stap 4.8\nfile " + std::to_string(bytes.size()) + " probe.ko\n" + bytes +
                                            "run file:. file:./probe.ko file:probe.ko\n");
  // The directory's size is the file system's affair.
  EXPECT_TRUE(session.out.starts_with("OK\nOK\n. ")) << session.out;
  EXPECT_TRUE(session.out.ends_with(" 700\n./probe.ko 300001 600\nprobe.ko 300001 600\n")) << session.out;
}

TEST_F(AgentProtocol, DiskThatIsFullIsSaidAndNothingIsLeft) {
  mounts_.small_disk(scratch_.tmp(), 128);
  const std::string big = pattern(1'000'000);
  const Session session = talk(agent(), "stap 4.8\nfile 1000000 big.ko\n" + big + "file 3 small.ko\nabcrun say:on\n");
  EXPECT_TRUE(session.out.starts_with("ERROR: ")) << session.out;
  EXPECT_NE(session.out.find("big.ko"), std::string::npos) << session.out;
  EXPECT_NE(session.out.find("No space left"), std::string::npos) << session.out;
  EXPECT_TRUE(session.out.ends_with("\nOK\nOK\non\n")) << session.out;
}

TEST_F(AgentProtocol, MissingRunnerIsAnErrorAndNotTheEnd) {
  mounts_ = new_mounts().hide("/usr/bin/stapbpf").replace("/usr/bin/staprun", STAPSH_FAKE_RUNNER);
  const Session session = talk(agent(), "stap 4.8\noption bpf\nrun x.bo\nstap 4.8\nquit\n");
  EXPECT_TRUE(session.out.starts_with("OK\nERROR: ")) << session.out;
  EXPECT_NE(session.out.find("stapbpf"), std::string::npos) << session.out;
  EXPECT_NE(session.out.find("\nstapsh "), std::string::npos) << session.out;
}

TEST_F(AgentProtocol, RfcDialectAnswersTheHelloOnly) {
  const Session session = talk(agent(), "stap 1.4\nfile 3 probe.ko\nabcarg 7\nsay:argrun\n");
  EXPECT_EQ(session.out, "arg\n");
  EXPECT_EQ(session.code, 0);
}

TEST_F(AgentProtocol, RfcRunAfterAFailedFileIsRefused) {
  const Session session = talk(agent(), "stap 1.4\nfile 3 ../x\nabcarg 7\nsay:argrun\n");
  EXPECT_EQ(session.out, "");
  EXPECT_NE(session.err.find("../x"), std::string::npos) << session.err;
  EXPECT_NE(session.code, 0);
}

// In data mode the runner inherited the protocol's input and ate commands.
TEST_F(AgentProtocol, RunnerGetsACleanStart) {
  for (const char* mode : {"", "option data\n"}) {
    SCOPED_TRACE(mode);
    ProgramOptions how = agent();
    how.blocked_signals = {SIGHUP, SIGINT, SIGPIPE, SIGTERM};
    how.ignored_signals = {SIGCHLD, SIGPIPE, SIGINT};
    const Session session =
        talk(how, std::string("stap 4.8\n") + mode + "run stdin fds signals chain exit:3\nrun say:EATEN-OR-NOT\n");
    EXPECT_EQ(session.code, 3);
    const std::string out = *mode == '\0' ? session.out : parse_frames(session.out).out;
    EXPECT_NE(out.find("stdin 0\nfds 0\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nchain stapsh "),
              std::string::npos)
        << out;
    EXPECT_EQ(session.out.find("EATEN"), std::string::npos);
  }
}

}  // namespace
}  // namespace stapsh::real
