// SPDX-License-Identifier: Apache-2.0
// What a program sees of itself behind take_privileges(). Only root can lower them: others skip.
#include "sys/privileges.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "sys/capabilities.h"
#include "sys/child.h"
#include "sys/open_inside.h"
#include "sys/pipe.h"
#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

constexpr std::uint64_t bit(unsigned number) { return std::uint64_t{1} << number; }

Privileges user_1234() {
  return {.user = 1234, .group = 1235, .groups = {1236, 1237}, .capabilities = bit(CAP_NET_RAW)};
}

class PrivilegesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not root";
  }
  /// Runs it in a shell to its end; what it says.
  static std::string output_of(const Privileges& privileges, const std::string& script) {
    Pipe pipe = must(make_pipe());
    SpawnOptions options{
        .program = "/bin/sh", .argv = {"sh", "-c", "{ " + script + "; } 2>&1"}, .env = {{"PATH=/usr/bin:/bin"}}};
    options.stdout_fd = pipe.write_end.get();
    options.privileges = privileges;
    Child child = must(spawn(options));
    pipe.write_end.reset();
    std::string output = read_to_end(pipe.read_end.get());
    (void)must(child.wait(kPatience));
    return output;
  }
};

TEST_F(PrivilegesTest, UserGroupsAndCapabilitiesAreTheseAlone) {
  EXPECT_EQ(output_of(user_1234(), "awk '/^(Uid|Gid|Groups|Cap|NoNewPrivs)/ { $1 = $1; print }' /proc/self/status"),
            "Uid: 1234 1234 1234 1234\n"
            "Gid: 1235 1235 1235 1235\n"
            "Groups: 1236 1237\n"
            "CapInh: 0000000000002000\n"
            "CapPrm: 0000000000002000\n"
            "CapEff: 0000000000002000\n"
            "CapBnd: 0000000000002000\n"
            "CapAmb: 0000000000002000\n"
            "NoNewPrivs: 1\n");
}

TEST_F(PrivilegesTest, NothingLeadsBack) {
  EXPECT_NE(output_of(user_1234(), "kill -0 " + std::to_string(::getpid())).find("not permitted"), std::string::npos);
  EXPECT_NE(output_of(user_1234(), "ls /proc/" + std::to_string(::getpid()) + "/fd").find("denied"), std::string::npos);
}

// Whoever gets there, by CAP_SETUID or a set-user-ID program, has what was given and no more.
TEST_F(PrivilegesTest, RootIsNobodySpecialThere) {
  Pipe pipe = must(make_pipe());
  const pid_t child = ::fork();
  if (child == 0) {
    Privileges privileges = user_1234();
    privileges.capabilities = bit(CAP_SETUID);
    if (!take_privileges(privileges) || ::setresuid(0, 0, 0) != 0 || ::dup2(pipe.write_end.get(), 1) != 1) ::_exit(1);
    ::execl("/usr/bin/awk", "awk", "/^(Uid|CapPrm|CapEff)/ { $1 = $1; print }", "/proc/self/status", nullptr);
    ::_exit(2);
  }
  pipe.write_end.reset();
  EXPECT_EQ(read_to_end(pipe.read_end.get()), "Uid: 0 0 0 0\nCapPrm: 0000000000000080\nCapEff: 0000000000000080\n");
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(PrivilegesTest, WhoPretendsToBeRootHasNoMoreRights) {
  Privileges privileges = user_1234();
  privileges.pretends_root = true;
  EXPECT_EQ(output_of(privileges, "id -u; id -ru; cat /etc/shadow > /dev/null"),
            "0\n1234\ncat: /etc/shadow: Permission denied\n");
  EXPECT_EQ(output_of(user_1234(), "id -u"), "1234\n");
}

TEST_F(PrivilegesTest, WhatWeHaveNotWeCantGive) {
  const std::uint64_t own = must(effective_capabilities());
  unsigned lacking = 0;
  while (lacking < 63 && (own >> lacking & 1) != 0) ++lacking;
  Privileges privileges = user_1234();
  privileges.capabilities |= bit(lacking);
  SpawnOptions options{.program = "/bin/true"};
  options.privileges = privileges;
  const Result<Child> child = spawn(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().what,
            "/bin/true: cannot run as another user with other capabilities: Operation not permitted");
}

TEST_F(PrivilegesTest, WhatThatUserMayNotExecuteIsSaidBeforeGo) {
  const TestDirectory directory;
  SpawnOptions options{.program = directory.write("x", "#!/bin/sh\n", 0700)};
  options.privileges = user_1234();
  bool asked = false;
  options.before_exec = [&](pid_t) -> Result<> {
    asked = true;
    return {};
  };
  const Result<Child> child = spawn(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().sys_errno, EACCES);
  EXPECT_FALSE(asked);
}

// By its groups or capabilities it may.
TEST_F(PrivilegesTest, WhatThatUserMayExecuteIsExecuted) {
  const TestDirectory directory;
  const std::string program = directory.write("x", "#!/bin/true\n", 0750);
  ASSERT_EQ(::chmod(directory.path("").c_str(), 0755), 0);
  ASSERT_EQ(::chown(program.c_str(), 0, 1237), 0);
  SpawnOptions options{.program = program};
  options.privileges = user_1234();
  EXPECT_EQ(must(must(spawn(options)).wait(kPatience)), 0);
  ASSERT_EQ(::chown(program.c_str(), 0, 0), 0);
  EXPECT_EQ(spawn(options).error().sys_errno, EACCES);
  options.privileges->capabilities = bit(CAP_DAC_OVERRIDE);
  EXPECT_EQ(must(must(spawn(options)).wait(kPatience)), 0);
}

TEST_F(PrivilegesTest, OthersOfThatUserCantReachItBeforeGo) {
  std::string status;
  int error = 0;
  SpawnOptions options{.program = "/bin/true"};
  options.privileges = user_1234();
  options.before_exec = [&](pid_t pid) {
    status = must(read_whole(must(open_at(AT_FDCWD, "/proc/" + std::to_string(pid) + "/status", O_RDONLY)).get(),
                             std::size_t{1} << 16));
    const pid_t other = ::fork();
    if (other == 0) {
      if (!take_privileges(user_1234())) ::_exit(255);
      ::_exit(::kill(pid, SIGSTOP) == 0 ? 0 : errno);
    }
    int end = 0;
    EXPECT_EQ(::waitpid(other, &end, 0), other);
    error = WEXITSTATUS(end);
    return Result<>();
  };
  EXPECT_EQ(must(must(spawn(options)).wait(kPatience)), 0);
  EXPECT_EQ(error, EPERM);
  EXPECT_NE(status.find("\nUid:\t0\t0\t0\t0\n"), std::string::npos) << status;
}

}  // namespace
}  // namespace stapsh::sys
