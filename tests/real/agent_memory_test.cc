// SPDX-License-Identifier: Apache-2.0
// Under a limit of address space the agent works, or says so and ends with code 1. Below that the kernel does not start
// it: a program that it can't load gets SIGSEGV, so that only ptrace tells this from a crash.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "harness/agent_test.h"

namespace stapsh::real {
namespace {

class AgentMemory : public AgentTest {
 protected:
  /// Answers a hello under that limit, and ends: "refused" by the kernel, or how it ended and what it said.
  std::string hello_within(rlim_t kib) {
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw HarnessError("no pipe");
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::dup2(out[1], 2);
      const rlimit limit{kib * 1024, kib * 1024};
      ::setrlimit(RLIMIT_AS, &limit);
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::execl(program_.c_str(), "stapsh", nullptr);
      ::_exit(99);
    }
    ::close(in[0]);
    ::close(out[1]);
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid) throw HarnessError("no child");
    // It stops at the exec, by SIGTRAP; where the exec failed half-way, by the kernel's SIGSEGV, if at all.
    const bool started = WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
    constexpr std::string_view kWords = "stap 5.6\nquit\n";
    if (started) {
      EXPECT_EQ(::write(in[1], kWords.data(), kWords.size()), static_cast<ssize_t>(kWords.size()));
    }
    ::close(in[1]);
    const bool stopped = WIFSTOPPED(status);
    if (stopped) (void)::ptrace(PTRACE_DETACH, pid, nullptr, started ? 0 : SIGKILL);
    std::string said;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::read(out[0], buffer.data(), buffer.size())) > 0;)
      said.append(buffer.data(), static_cast<std::size_t>(size));
    ::close(out[0]);
    if (stopped) ::waitpid(pid, &status, 0);
    if (!started) return "refused";
    const std::string how = WIFEXITED(status) ? "exit " + std::to_string(WEXITSTATUS(status))
                                              : "signal " + std::to_string(WTERMSIG(status));
    return how + ": " + said;
  }

  const std::string program_ = agent_program();
};

constexpr std::string_view kTooLittle = "exit 1: stapsh: the limit of its address space (ulimit -v) ";

// From far too little up to what surely is enough, in steps of a page: between what the kernel refuses and what works
// there is the message, and nothing else.
TEST_F(AgentMemory, TooLittleIsSaid) {
  enum class Stage { kRefused, kSaid, kWorks } stage = Stage::kRefused;
  int said = 0, worked = 0;
  for (rlim_t kib = 1'000; worked < 200; kib += stage == Stage::kRefused ? 4 : 12) {
    ASSERT_LT(kib, 20'000U) << "it never works";
    const std::string got = hello_within(kib);
    Stage now = Stage::kWorks;
    if (got == "refused")
      now = Stage::kRefused;
    else if (got.starts_with(kTooLittle))
      now = Stage::kSaid;
    else
      ASSERT_TRUE(got.starts_with("exit 0: stapsh ")) << kib << " KiB: " << got;
    ASSERT_GE(now, stage) << kib << " KiB: " << got;
    stage = now;
    said += stage == Stage::kSaid ? 1 : 0;
    worked += stage == Stage::kWorks ? 1 : 0;
  }
  EXPECT_GT(said, 10);
}

// A session with files and output, wherever a hello is answered.
TEST_F(AgentMemory, WhatIsEnoughForAHelloIsEnoughForASession) {
  const std::string module(1'000'000, 'x');
  const std::string commands = "stap 5.6\noption data\noption exit\nfile " + std::to_string(module.size()) + " x.ko\n" +
                               module + "run out:300000 err:300000 exit:7\n";
  int worked = 0;
  for (int kib = 2'000; worked < 8; kib += 100) {
    SCOPED_TRACE(std::to_string(kib) + " KiB");
    if (!hello_within(static_cast<rlim_t>(kib)).starts_with("exit 0")) continue;
    ASSERT_LT(kib, 20'000);
    ProgramOptions limited =
        options({"/bin/sh", "-c", "ulimit -v " + std::to_string(kib) + "; exec \"$0\"", program_}, &mounts_);
    limited.input = Input::kPipe;
    const Session session = talk(limited, commands);
    EXPECT_EQ(session.code, 7) << session.err;
    EXPECT_GT(session.out.size(), 600'000U);
    EXPECT_TRUE(session.out.ends_with("exit 7\nquit\n")) << session.out.size() << " bytes";
    EXPECT_EQ(session.err, "");
    expect_nothing_left();
    worked++;
  }
}

}  // namespace
}  // namespace stapsh::real
