// SPDX-License-Identifier: Apache-2.0
// How sessions of the built agent end: the right code, nobody left alive, nothing left on the disk.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>

#include "harness/agent_test.h"

namespace stapsh::real {
namespace {

class AgentExit : public AgentTest {};

TEST_F(AgentExit, CodeIsTheRunnersOr128PlusItsSignal) {
  struct Case {
    std::string step;
    int want;
  };
  std::vector<Case> cases;
  for (const int code : {0, 1, 2, 3, 42, 77, 126, 127, 128, 129, 254, 255})
    cases.push_back({"exit:" + std::to_string(code), code});
  for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGRTMIN})
    cases.push_back({"die:" + std::to_string(signo), 128 + signo});
  for (const char* mode : {"", "option data\noption exit\n"}) {
    for (const Case& c : cases) {
      SCOPED_TRACE(mode + c.step);
      const Session session = talk(agent(), std::string("stap 4.8\n") + mode + "run " + c.step + "\n");
      EXPECT_EQ(session.code, c.want);
      const std::string framed = "OK\nOK\nOK\nexit " + std::to_string(c.want) + "\nquit\n";
      EXPECT_EQ(session.out, *mode == '\0' ? "OK\n" : framed);
    }
  }
}

// A runner that ignores SIGHUP was waited for, for ever.
TEST_F(AgentExit, RunnerThatIgnoresItsStopSignalIsEscalated) {
  const struct {
    const char* steps;
    int want;
  } cases[] = {
      {"ignore:1 say:up forever", 128 + SIGTERM},
      {"ignore:1 ignore:15 say:up forever", 128 + SIGKILL},
      {"say:up forever", 128 + SIGHUP},
  };
  for (const char* mode : {"", "option data\n"}) {
    for (const auto& c : cases) {
      SCOPED_TRACE(std::string(mode) + c.steps);
      Program agent(this->agent());
      ASSERT_TRUE(agent.write(std::string("stap 4.8\n") + mode + "file 3 x.ko\nabcrun " + c.steps + "\n"));
      ASSERT_TRUE(agent.wait_for_out("up\n"));
      ASSERT_TRUE(agent.write("quit\n"));
      EXPECT_EQ(agent.wait_exit(), c.want) << agent.captured();
      expect_nothing_left();
    }
  }
}

TEST_F(AgentExit, SecondAndThirdQuitCutTheGraceShort) {
  Program agent(this->agent(Input::kPipe, {"--grace", "1000"}));
  ASSERT_TRUE(agent.write("stap 4.8\nrun ignore:1 ignore:15 say:up forever\n"));
  ASSERT_TRUE(agent.wait_for_out("up\n"));
  ASSERT_TRUE(agent.write("quit\nquit\nquit\n"));
  EXPECT_EQ(agent.wait_exit(), 137) << agent.captured();
}

TEST_F(AgentExit, SlowEndProbeThatPrintsIsGivenItsTime) {
  // Twice the grace time in all, but never silent for more than an eighth of it.
  Program agent(this->agent(Input::kPipe, {"--grace", "0.4"}));
  ASSERT_TRUE(agent.write("stap 4.8\noption data\nrun catch:1 say:up pause drip:16x50 exit:3\n"));
  ASSERT_TRUE(agent.wait_for_out("up\n"));
  ASSERT_TRUE(agent.write("quit\n"));
  EXPECT_EQ(agent.wait_exit(), 3) << agent.captured();
  EXPECT_TRUE(agent.wait_for_out_times("drip\n", 16));
}

// Grandchildren always stayed.
TEST_F(AgentExit, WhatTheRunnerStartedEndsWithTheSession) {
  for (const char* steps : {"child say:up forever", "stubborn say:up forever", "child stubborn child say:up exit:0"}) {
    for (const char* mode : {"", "option data\n"}) {
      SCOPED_TRACE(std::string(mode) + steps);
      Program agent(this->agent());
      ASSERT_TRUE(agent.write(std::string("stap 4.8\n") + mode + "file 1 x.ko\nxrun " + steps + "\n"));
      ASSERT_TRUE(agent.wait_for_out("up\n"));
      agent.close_input();
      EXPECT_TRUE(agent.wait_gone());
      expect_nothing_left();
    }
  }
}

TEST_F(AgentExit, SignalToTheAgentCleansUp) {
  for (const int signo : {SIGHUP, SIGINT, SIGTERM, SIGQUIT}) {
    for (const char* run : {"", "run say:up forever\n", "run ignore:1 ignore:15 say:up forever\n"}) {
      SCOPED_TRACE(std::to_string(signo) + " " + run);
      Program agent(this->agent());
      ASSERT_TRUE(agent.write("stap 4.8\noption data\nfile 3 x.ko\nabc" + std::string(run)));
      ASSERT_TRUE(agent.wait_for_out(*run == '\0' ? "OK\nOK\n" : "up\n"));
      agent.send_signal(signo);
      (void)agent.wait_exit();
      expect_nothing_left();
    }
  }
}

TEST_F(AgentExit, InputThatEndsAnywhereLeavesNothing) {
  const std::string session = "stap 4.8\noption data\nfile 5 x.ko\nabcderun forever\n";
  for (std::size_t size = 0; size <= session.size(); size++) {
    SCOPED_TRACE(size);
    Program agent(this->agent());
    ASSERT_TRUE(agent.write(session.substr(0, size)));
    agent.close_input();
    EXPECT_NE(agent.wait_exit(), -1);
    if (HasFailure()) return;
  }
}

TEST_F(AgentExit, ListeningAgentServesSeveralAtOnceAndRemovesItsSocket) {
  const std::string path = scratch_.path("agent.sock");
  Program agent(this->agent(Input::kNull, {"--grace", "0.2", "--listen", "unix:" + path}));
  const auto connect = [&] {
    ProgramOptions how = options({"socat", "STDIO", "UNIX-CONNECT:" + path + ",retry=200,interval=0.05"});
    how.input = Input::kPipe;
    return how;
  };
  Program first(connect()), second(connect());
  for (Program* client : {&first, &second}) {
    ASSERT_TRUE(client->write("stap 4.8\noption data\nfile 3 x.ko\nabcrun catch:1 say:up pause exit:0\n"));
    ASSERT_TRUE(client->wait_for_out("up\n"));
  }
  ASSERT_TRUE(first.write("quit\n"));
  ASSERT_TRUE(first.wait_for_out("caught 1\nquit\n"));
  EXPECT_EQ(first.wait_exit(), 0);
  EXPECT_TRUE(second.running());
  agent.send_signal(SIGTERM);  // Sessions that live are stopped as by their clients.
  EXPECT_TRUE(second.wait_for_out("caught 1\nquit\n"));
  (void)agent.wait_exit();
  struct stat info {};
  EXPECT_NE(::stat(path.c_str(), &info), 0) << "the socket's name is left";
}

}  // namespace
}  // namespace stapsh::real
