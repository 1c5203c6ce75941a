// SPDX-License-Identifier: Apache-2.0
// What a process was before it made files as another user, it is again. Only root can: others skip.
#include "sys/file_identity.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "sys/capabilities.h"
#include "sys/pipe.h"
#include "sys/process_ref.h"
#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

constexpr uid_t kUser = 1234;
constexpr gid_t kGroup = 1235;

class FileIdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not root";
  }
};

int parent_death_signal() {
  int signal = -1;
  (void)::prctl(PR_GET_PDEATHSIG, &signal);
  return signal;
}

/// Its exit code in a child process.
template <typename Body>
int code_of(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(FileIdentityTest, FilesAreThatUsersWhileItLives) {
  const TestDirectory directory;
  const auto owner_of_new = [&](const char* name) {
    struct stat status {};
    EXPECT_EQ(::mkdir(directory.path(name).c_str(), 0700), 0);
    EXPECT_EQ(::stat(directory.path(name).c_str(), &status), 0);
    return std::pair(status.st_uid, status.st_gid);
  };
  const std::uint64_t before = must(effective_capabilities());
  {
    const FileIdentity other(kUser, kGroup);
    EXPECT_EQ(owner_of_new("theirs"), std::pair(kUser, kGroup));
    EXPECT_EQ(must(effective_capabilities()), before);
  }
  EXPECT_EQ(owner_of_new("ours"), std::pair(::geteuid(), ::getegid()));
  EXPECT_EQ(must(effective_capabilities()), before);
}

// Also by those inside it.
TEST_F(FileIdentityTest, AParentsDeathIsSaidAsBefore) {
  for (const int signal : {0, SIGTERM}) {
    EXPECT_EQ(code_of([&] {
                (void)::prctl(PR_SET_PDEATHSIG, signal);
                {
                  const FileIdentity group(::geteuid(), kGroup);
                  const FileIdentity other(kUser, kGroup);
                }
                return parent_death_signal();
              }),
              signal);
  }
}

TEST_F(FileIdentityTest, AParentsDeathMeanwhileIsSaidAtItsEnd) {
  Pipe said = must(make_pipe());
  EXPECT_EQ(code_of([&] {
              // Whoever is left by its parent is waited for here, not by what runs the tests.
              (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
              if (::fork() != 0) {
                int status = 0;
                int failed = 0;
                while (::wait(&status) > 0) failed |= status;
                return failed == 0 ? 0 : 1;
              }
              Pipe ready = must(make_pipe());
              const ProcessRef parent = must(ProcessRef::open(::getpid()));
              if (::fork() != 0) {
                ready.write_end.reset();
                (void)read_to_end(ready.read_end.get());
                return 0;
              }
              (void)::signal(SIGTERM, [](int) {});
              (void)::prctl(PR_SET_PDEATHSIG, SIGTERM);
              sigset_t term;
              (void)::sigemptyset(&term);
              (void)::sigaddset(&term, SIGTERM);
              (void)::sigprocmask(SIG_BLOCK, &term, nullptr);
              const auto pending = [] {
                sigset_t set;
                return ::sigpending(&set) == 0 && ::sigismember(&set, SIGTERM) == 1;
              };
              std::string text;
              {
                const FileIdentity other(kUser, kGroup);
                ready.read_end.reset();
                ready.write_end.reset();
                if (!must(parent.wait_exit(kPatience))) return 1;
                text = pending() ? "pending meanwhile" : "nothing meanwhile";
              }
              text += pending() ? ", pending then" : ", nothing then";
              return ::write(said.write_end.get(), text.data(), text.size()) > 0 ? 0 : 1;
            }),
            0);
  said.write_end.reset();
  EXPECT_EQ(read_to_end(said.read_end.get()), "nothing meanwhile, pending then");
}

TEST_F(FileIdentityTest, WhoMaySeeOurMemoryStaysTheSame) {
  for (const int dumpable : {0, 1}) {
    EXPECT_EQ(code_of([&] {
                (void)::prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
                { const FileIdentity other(kUser, kGroup); }
                return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
              }),
              dumpable);
  }
}

}  // namespace
}  // namespace stapsh::sys
