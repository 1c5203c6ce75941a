// SPDX-License-Identifier: Apache-2.0
// What rstap knows of a target's runners before it sends anything: one that is missing, may not be executed, says
// nothing of its version, or too late; in all of them the real agent is asked.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>

#include "harness/remote_test.h"

namespace stapsh::real {
namespace {

constexpr const char* kBpftrace = "/usr/bin/bpftrace";

class RstapRunners : public RemoteTest {
 protected:
  /// Runs a bpftrace program, or `script`, on a target here.
  ProgramOptions rstap(std::vector<std::string> words = {}, const std::string& script = {}) {
    std::vector<std::string> all{STAPSH_CLIENT, "--stapsh", agent_program(), "--remote", "stapsh:"};
    all.insert(all.end(), words.begin(), words.end());
    all.push_back(script.empty() ? scratch_.write("hello.bt", "BEGIN { exit(); }\n") : script);
    return client(all);
  }
  /// Whoever is asked for its version runs `answer`; it says `ran` of everything else.
  void fake(const std::string& path, const std::string& answer) {
    const std::string program =
        scratch_.write("fake", "#!/bin/sh\nif [ \"$*\" = -V ]; then\n  " + answer + "\n  exit\nfi\necho ran\n", 0755);
    mounts_.replace(path, program);
  }
  /// A file that passes for a kernel module of this systemtap.
  std::string module_built_by(const std::string& release) {
    return scratch_.write("probe.ko", std::string("no module\0", 10) + release + std::string("/0.188\0", 7));
  }
  void expect_refused(const ProgramOptions& how, const std::string& why) {
    Program rstap(how);
    EXPECT_NE(rstap.wait_exit(), 0);
    EXPECT_NE(rstap.err().find(why), std::string::npos) << rstap.captured();
    EXPECT_EQ(rstap.out(), "") << rstap.captured();
  }
};

TEST_F(RstapRunners, AMissingOneIsNamed) {
  mounts_.hide(kBpftrace);
  expect_refused(rstap(), "it has no bpftrace; install bpftrace there");
}

TEST_F(RstapRunners, OneThatMayNotBeExecutedIsNoMissingOne) {
  mounts_.replace(kBpftrace, scratch_.write("bpftrace", "#!/bin/sh\necho ran\n", 0644));
  expect_refused(rstap(),
                 "its user may not execute bpftrace; give the user the right to execute it, or connect as root");
  // A client that does not ask hears it of the agent.
  ProgramOptions agent = options({agent_program()}, &mounts_);
  agent.input = ProgramOptions::Input::kPipe;
  Program stapsh(agent);
  ASSERT_TRUE(stapsh.write("stap 5.6\nfile 1 a.bt\nxrun a.bt\nquit\n"));
  (void)stapsh.wait_exit();
  EXPECT_NE(stapsh.out().find("ERROR: run: bpftrace: this user may not execute /usr/bin/bpftrace; give the user"),
            std::string::npos)
      << stapsh.captured();
}

TEST_F(RstapRunners, WhatTheyAreIsSaidToWhoWantsDetails) {
  Program rstap(this->rstap({"-v"}));
  (void)rstap.wait_exit();
  EXPECT_TRUE(std::regex_search(rstap.err(), std::regex(R"(stapsh: staprun \d+\.\d+.*, bpftrace \d+\.\d+)")))
      << rstap.captured();
}

TEST_F(RstapRunners, OneThatDoesNotAnswerIsUnknownAndRuns) {
  for (const char* answer : {"exec sleep 1000", "echo 'what do you mean?'", "exit 3"}) {
    SCOPED_TRACE(answer);
    fake(kBpftrace, answer);
    Program rstap(this->rstap({"-v"}));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_NE(rstap.err().find("bpftrace of an unknown version"), std::string::npos) << rstap.captured();
    EXPECT_EQ(rstap.out(), "ran\n") << rstap.captured();
    mounts_ = new_mounts().lift_memlock_limit();
  }
}

TEST_F(RstapRunners, IsAskedOnceUntilItIsAnotherProgram) {
  const std::string asked = scratch_.path("asked");
  const auto times_asked = [&] {
    std::ifstream file(asked);
    return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
  };
  const auto run = [&](const std::string& version) {
    Program rstap(this->rstap({"-v"}));
    EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
    EXPECT_NE(rstap.err().find("bpftrace " + version), std::string::npos) << rstap.captured();
  };
  fake(kBpftrace, "echo >> " + asked + "; echo bpftrace v0.20.1");
  for (int i = 0; i < 3; ++i) run("0.20.1");
  EXPECT_EQ(times_asked(), 1);
  mounts_ = new_mounts().lift_memlock_limit();
  fake(kBpftrace, "echo >> " + asked + "; echo bpftrace version v0.21.0");
  for (int i = 0; i < 3; ++i) run("0.21.0");
  EXPECT_EQ(times_asked(), 2);
}

TEST_F(RstapRunners, AModuleOfTheOtherSideOfFiveIsNotSent) {
  fake("/usr/bin/staprun", "echo 'Systemtap module loader/runner (version 5.1/0.190, rpm 5.1-1)'");
  expect_refused(
      rstap({}, module_built_by("4.8")),
      "the module was built by systemtap 4.8, and its staprun is 5.1: they don't understand each other across "
      "5.0; build it by systemtap 5.0 or later, or install one before 5.0 there");
  Program rstap(this->rstap({}, module_built_by("5.0")));
  EXPECT_EQ(rstap.wait_exit(), 0) << rstap.captured();
  EXPECT_EQ(rstap.out(), "ran\n") << rstap.captured();
}

TEST_F(RstapRunners, LiveSaysAtOnceWhomItCantAsk) {
  fake(kBpftrace, "echo bpftrace v0.22.1");
  Program rstap(this->rstap({"--live=0.2"}));
  (void)rstap.wait_exit();
  EXPECT_NE(rstap.err().find("this bpftrace (0.22 or later) can't be asked for the maps of this program"),
            std::string::npos)
      << rstap.captured();
}

}  // namespace
}  // namespace stapsh::real
