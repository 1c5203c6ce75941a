// SPDX-License-Identifier: Apache-2.0
// The process that asks ssh-keygen who has signed what, with others about that are nobody, too: they don't change what
// it says, and it holds nobody up.
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <sstream>
#include <thread>

#include "signatures_test.h"

namespace stapsh::real {
namespace {

class AgentVerifier : public SignaturesTest {
 protected:
  /// An agent at work on signatures, so many that somebody is sure to be seen at it.
  std::string many_signatures(const std::string& by = "eve") const {
    const std::string signature = signer_.sign(key(by), "stapsh-program", "abc");
    std::string commands;
    for (int i = 0; i < 20; ++i) {
      const std::string name = "a" + std::to_string(i) + ".bt";
      commands += in_file_command("file", "abc", name) + in_file_command("signature", signature, name);
    }
    return "stap 5.6\noption data\noption nonce\n" + commands + "run ./a0.bt\n";
  }
};

constexpr uid_t kNobody = 65'534;

struct Verifiers {
  pid_t helper = -1, ssh_keygen = -1;
};

std::string proc_file(pid_t pid, const std::string& name) {
  return read_file("/proc/" + std::to_string(pid) + "/" + name);
}

std::vector<pid_t> children_of(pid_t pid) {
  std::istringstream text(proc_file(pid, "task/" + std::to_string(pid) + "/children"));
  return {std::istream_iterator<pid_t>(text), {}};
}

bool is_stopped(pid_t pid) { return proc_file(pid, "status").find("State:\tT") != std::string::npos; }

/// Its ssh-keygen, once it is executed, stopped at work: who was too quick is waited for again.
Verifiers stop_verifiers(const Program& agent) {
  Verifiers found;
  const auto look = [&] {
    for (const pid_t helper : children_of(agent.pid())) {
      if (proc_file(helper, "comm") != "stapsh-verify\n") continue;
      for (const pid_t child : children_of(helper)) {
        std::error_code error;
        const auto program = std::filesystem::read_symlink("/proc/" + std::to_string(child) + "/exe", error).string();
        if (!program.starts_with("/memfd:") || ::kill(child, SIGSTOP) != 0) continue;
        if (!becomes_true(
                [&] { return is_stopped(child) || proc_file(child, "status").find("State:\tR") == std::string::npos; }))
          continue;
        if (is_stopped(child)) found = {helper, child};
      }
    }
    return found.ssh_keygen > 0;
  };
  const auto deadline = std::chrono::steady_clock::now() + kBound;
  while (!look() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_GT(found.ssh_keygen, 0) << agent.captured();
  return found;
}

/// What `work` returns as nobody.
int as_nobody(const std::function<int()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0) ::_exit(254);
    if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(254);
    ::_exit(work());
  }
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_gone(pid_t pid) {
  (void)::waitpid(pid, nullptr, WNOHANG | static_cast<int>(__WALL));  // An agent's orphans come to us.
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

// It reads what strangers made: as nobody, without our environment, and it can't become more. Others that are nobody
// can end it, and not make it say something else.
TEST_F(AgentVerifier, SshKeygenIsNobodyWhomNobodyCanTrace) {
  Program agent(this->agent(Input::kPipe, {"--as", "approved"}));
  ASSERT_TRUE(agent.write(many_signatures()));
  const Verifiers verifiers = stop_verifiers(agent);
  ASSERT_GT(verifiers.ssh_keygen, 0);
  EXPECT_EQ(proc_file(verifiers.ssh_keygen, "environ"), "");
  for (const pid_t pid : {verifiers.helper, verifiers.ssh_keygen}) {
    const std::string status = proc_file(pid, "status");
    for (const char* want : {"Uid:\t65534\t65534\t65534\t65534\n", "Gid:\t65534\t65534\t65534\t65534\n", "Groups:\t \n",
                             "NoNewPrivs:\t1\n", "CapPrm:\t0000000000000000\n"}) {
      EXPECT_TRUE(status.find(want) != std::string::npos) << want << status;
    }
    EXPECT_EQ(as_nobody([&] { return ::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0 ? 0 : errno; }), EPERM);
    for (const char* name : {"mem", "fd", "maps", "environ"}) {
      const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
      EXPECT_EQ(as_nobody([&] { return ::open(path.c_str(), O_RDONLY) >= 0 ? 0 : errno; }), EACCES) << name;
    }
  }
  // What it goes by can't be written, not even by itself.
  int files = 0;
  for (const auto& fd : std::filesystem::directory_iterator("/proc/" + std::to_string(verifiers.ssh_keygen) + "/fd")) {
    const std::string name = std::filesystem::read_symlink(fd.path()).string();
    EXPECT_FALSE(name.starts_with("/memfd:") && fd.path().filename() == "0") << name;
    if (!name.starts_with("/memfd:")) continue;
    const int file = ::open(fd.path().c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_EQ(::write(file, "x", 1), -1);
    EXPECT_EQ(errno, EPERM);
    (void)::close(file);
    ++files;
  }
  EXPECT_GE(files, 2);
  ASSERT_EQ(::kill(verifiers.ssh_keygen, SIGCONT), 0);
  EXPECT_TRUE(agent.wait_for_out("ERROR: refused: policy line 1: signed=release: a0.bt: the key SHA256:"));
  EXPECT_TRUE(agent.write("quit\n"));
  EXPECT_EQ(agent.wait_exit(), 0);
}

// Another process that is nobody can stop them: they are given up in time, and killed.
TEST_F(AgentVerifier, WhoWasStoppedIsGivenUp) {
  for (const bool helper_too : {false, true}) {
    SCOPED_TRACE(helper_too);
    Program agent(this->agent(Input::kPipe, {"--as", "approved"}));
    // All are good but the one that is stopped, whichever that is: the first that is not good is named.
    ASSERT_TRUE(agent.write(many_signatures("release")));
    const Verifiers verifiers = stop_verifiers(agent);
    ASSERT_GT(verifiers.ssh_keygen, 0);
    EXPECT_TRUE(!helper_too || as_nobody([&] { return ::kill(verifiers.helper, SIGSTOP); }) == 0);
    ASSERT_TRUE(agent.write("quit\n"));
    EXPECT_EQ(agent.wait_exit(), 0);
    EXPECT_NE(agent.out().find(": ssh-keygen took too long to say who signed it\nquit\n"), std::string::npos)
        << agent.out();
    EXPECT_EQ(agent.err(), "");
    EXPECT_TRUE(is_gone(verifiers.helper) && is_gone(verifiers.ssh_keygen));
    expect_nothing_left();
  }
}

// Whoever stops an agent meanwhile, or goes, waits for nobody, and nothing is left.
TEST_F(AgentVerifier, AStopMeanwhileLeavesNothing) {
  for (const bool by_signal : {true, false}) {
    SCOPED_TRACE(by_signal);
    Program agent(this->agent(Input::kPipe, {"--as", "approved"}));
    ASSERT_TRUE(agent.write(many_signatures()));
    const Verifiers verifiers = stop_verifiers(agent);
    ASSERT_GT(verifiers.ssh_keygen, 0);
    EXPECT_EQ(as_nobody([&] { return ::kill(verifiers.helper, SIGSTOP); }), 0);
    const auto begun = std::chrono::steady_clock::now();
    by_signal ? agent.send_signal(SIGTERM) : agent.close_input();
    (void)agent.wait_exit();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(6));  // Their limit is 7.
    EXPECT_EQ(agent.err(), "");
    EXPECT_TRUE(is_gone(verifiers.helper) && is_gone(verifiers.ssh_keygen));
    expect_nothing_left();
  }
}

// Nor does an agent that is killed leave them.
TEST_F(AgentVerifier, WhoWasStoppedDiesWithTheAgent) {
  Program agent(this->agent(Input::kPipe, {"--as", "approved"}));
  ASSERT_TRUE(agent.write(many_signatures()));
  const Verifiers verifiers = stop_verifiers(agent);
  ASSERT_GT(verifiers.ssh_keygen, 0);
  EXPECT_EQ(as_nobody([&] { return ::kill(verifiers.helper, SIGSTOP); }), 0);
  agent.send_signal(SIGKILL);
  EXPECT_TRUE(becomes_true([&] { return is_gone(verifiers.helper) && is_gone(verifiers.ssh_keygen); }));
}

// Many who may sign, and many files: each is asked after by its key, not by each name.
TEST_F(AgentVerifier, ManyFilesAndManySigners) {
  std::string who, signers;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "p" + std::to_string(i);
    (void)signer_.key(name);
    who += name + ",";
    signers += name + " " + signer_.public_key(name);
  }
  write("policy", "allow as=many args=safe signed=" + who + "release\n");
  write("allowed_signers", signers + "release " + signer_.public_key("release"));
  const std::string signature = signer_.sign(key("release"), "stapsh-program", "abc");
  std::string commands;
  for (int i = 0; i < 64; ++i) {
    const std::string name = "a" + std::to_string(i) + ".bt";
    commands += in_file_command("file", "abc", name) + in_file_command("signature", signature, name);
  }
  const std::string said = answers("many", commands + "run ./a0.bt\n");
  EXPECT_EQ(said.find("ERROR"), std::string::npos) << said;
  EXPECT_TRUE(said.ends_with("quit\n")) << said;
}

// Where memory may not be executed, a file without a name is.
TEST_F(AgentVerifier, MachinesWhereMemoryIsNotExecuted) {
  if (::access("/proc/sys/vm/memfd_noexec", W_OK) != 0) GTEST_SKIP() << "needs vm.memfd_noexec, Linux 6.3";
  ProgramOptions how = agent(Input::kPipe, {"--as", "approved"});
  how.argv.insert(how.argv.begin(), {"/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
                                     "/bin/sh", "-c", "echo 2 > /proc/sys/vm/memfd_noexec && \"$@\"", "sh"});
  const std::string good = in_file_command("signature", signer_.sign(key("release"), "stapsh-program", "abc"), "a.bt");
  const std::string evil = in_file_command("signature", signer_.sign(key("eve"), "stapsh-program", "abc"), "a.bt");
  const Session session = talk(how, "stap 5.6\noption data\noption nonce\nfile 3 a.bt\nabc" + evil + "run ./a.bt\n" +
                                        good + "run ./a.bt\nquit\n");
  EXPECT_NE(session.out.find("OK\nERROR: refused: policy line 1: signed=release: a.bt: the key SHA256:"),
            std::string::npos)
      << session.out << session.err;
  EXPECT_NE(session.out.find("\nOK\nOK\n"), std::string::npos) << session.out << session.err;
}

}  // namespace
}  // namespace stapsh::real
