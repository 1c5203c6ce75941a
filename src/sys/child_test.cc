// SPDX-License-Identifier: Apache-2.0
#include "sys/child.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "sys/descriptor_limit.h"
#include "sys/pipe.h"
#include "sys/process_tree.h"
#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

using namespace std::chrono_literals;

SpawnOptions shell(const std::string& script) { return {.program = "/bin/sh", .argv = {"sh", "-c", script}}; }

/// Runs to the end; standard output.
std::string output_of(SpawnOptions options) {
  Pipe pipe = must(make_pipe());
  options.stdout_fd = pipe.write_end.get();
  Child child = must(spawn(options));
  pipe.write_end.reset();
  std::string output = read_to_end(pipe.read_end.get());
  EXPECT_EQ(must(child.wait(kPatience)), 0);
  return output;
}

TEST(Spawn, EveryExitCodeArrives) {
  const NoLeak no_leak;
  for (int code = 0; code <= 255; ++code) {
    Child child = must(spawn(shell("exit " + std::to_string(code))));
    EXPECT_EQ(must(child.wait(kPatience)), code);
    EXPECT_EQ(child.exit_code(), code);
    EXPECT_EQ(must(child.try_wait()), code);
  }
}

TEST(Spawn, EveryDeadlySignalIs128PlusIt) {
  const rlimit no_core{0, 0};
  ASSERT_EQ(::setrlimit(RLIMIT_CORE, &no_core), 0);
  for (int signo = 1; signo <= SIGRTMAX; ++signo) {
    const bool harmless = signo == SIGCHLD || signo == SIGCONT || signo == SIGURG || signo == SIGWINCH;
    const bool stops = signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
    if (harmless || stops || (signo > 31 && signo < SIGRTMIN)) continue;
    SCOPED_TRACE(signo);
    Child child = must(spawn({.program = "/bin/sleep", .argv = {"sleep", "1000"}}));
    must(child.ref().send(signo));
    EXPECT_EQ(must(child.wait(kPatience)), 128 + signo);
  }
}

TEST(Spawn, AChildThatIsLeftLivesOn) {
  pid_t pid = -1;
  {
    Child child = must(spawn({.program = "/bin/sleep", .argv = {"sleep", "1000"}}));
    pid = child.pid();
    child.leave();
  }
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, WNOHANG), 0);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
}

TEST(Spawn, ParentDeathSignalReachesTheChildOfADeadParent) {
  Pipe pipe = must(make_pipe());
  const pid_t parent = ::fork();
  if (parent == 0) {
    SpawnOptions options = shell("echo up; exec sleep 1000");
    options.stdout_fd = pipe.write_end.get();
    options.parent_death_signal = SIGHUP;
    options.new_session = true;
    const Result<Child> child = spawn(options);
    ::pause();
    ::_exit(1);
  }
  pipe.write_end.reset();
  std::array<char, 3> up{};
  ASSERT_EQ(::read(pipe.read_end.get(), up.data(), up.size()), 3);
  ASSERT_EQ(::kill(parent, SIGKILL), 0);
  EXPECT_EQ(read_to_end(pipe.read_end.get()), "");
  EXPECT_EQ(::waitpid(parent, nullptr, 0), parent);
}

TEST(Spawn, FailureOfExecIsOurError) {
  const NoLeak no_leak;
  const TestDirectory directory;
  struct Case {
    std::string_view name;
    std::string program;
    bool search_path;
    int want;
  };
  const Case cases[] = {{"missing", "/no/such/program", false, ENOENT},
                        {"missing in PATH", "no-such-program", true, ENOENT},
                        {"directory", "/tmp", false, EACCES},
                        {"not executable", directory.write("plain", "x"), false, EACCES},
                        {"no program", directory.write("garbage", "garbage", 0755), false, ENOEXEC},
                        {"no interpreter", directory.write("script", "#!/no/such\n", 0755), false, ENOENT}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto child = spawn({.program = c.program, .search_path = c.search_path});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().sys_errno, c.want);
    EXPECT_TRUE(child.error().what.starts_with(c.program)) << child.error().what;
    EXPECT_FALSE(has_children());
  }
}

TEST(Spawn, FailedSetUpIsOurError) {
  const auto child = spawn({.program = "/bin/true", .stdin_fd = 999});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().sys_errno, EBADF);
  const auto elsewhere = spawn({.program = "/bin/true", .working_directory_fd = 0});
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().sys_errno, ENOTDIR);
  EXPECT_FALSE(has_children());
}

TEST(Spawn, SearchesPath) {
  Child child = must(spawn({.program = "true", .search_path = true}));
  EXPECT_EQ(must(child.wait(kPatience)), 0);
}

TEST(Spawn, EnvironmentAndDirectoryAreTheGivenOnes) {
  const TestDirectory directory;
  const UniqueFd dir = must(open_at(AT_FDCWD, directory.path(), O_RDONLY | O_DIRECTORY));
  SpawnOptions options{.program = "/usr/bin/env"};
  options.env = {"A=1", "AB=2"};
  options.extra_env = {"A=3"};
  EXPECT_EQ(output_of(options), "AB=2\nA=3\n");
  options = {.program = "/bin/pwd", .argv = {"pwd", "-P"}};
  options.working_directory_fd = dir.get();
  EXPECT_EQ(output_of(options), directory.path() + "\n");
}

TEST(Spawn, NothingButStandardDescriptorsReachesTheProgram) {
  const UniqueFd leaky(::dup(0));
  ASSERT_EQ(::fcntl(leaky.get(), F_GETFD), 0);
  EXPECT_EQ(output_of({.program = "/bin/ls", .argv = {"ls", "/proc/self/fd"}, .stdin_fd = kDevNull}), "0\n1\n2\n3\n");
}

TEST(Spawn, SignalsAreDefaultAndUnblocked) {
  ASSERT_NE(::signal(SIGINT, SIG_IGN), SIG_ERR);
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &term, nullptr), 0);
  SpawnOptions options{.program = "/bin/grep", .argv = {"grep", "^Sig[BI]", "/proc/self/status"}};
  options.ignored_signals = {SIGQUIT};
  EXPECT_EQ(output_of(options), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000004\n");
  sigset_t mask;
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, nullptr, &mask), 0);
  EXPECT_EQ(::sigismember(&mask, SIGTERM), 1);
  EXPECT_EQ(::sigismember(&mask, SIGINT), 0);
}

TEST(Spawn, NewSessionHasTheChildAsLeader) {
  SpawnOptions options = shell("exec sleep 1000");
  Child child = must(spawn(options));
  EXPECT_EQ(::getsid(child.pid()), ::getsid(0));
  options.new_session = true;
  child = must(spawn(options));
  EXPECT_EQ(::getsid(child.pid()), child.pid());
}

TEST(Spawn, StandardDescriptorsCanBeSwapped) {
  Pipe out = must(make_pipe());
  Pipe err = must(make_pipe());
  const int code = in_other_process([&] {
    if (::dup2(out.write_end.get(), 1) < 0 || ::dup2(err.write_end.get(), 2) < 0) return 1;
    SpawnOptions options = shell("echo out; echo err >&2");
    options.stdout_fd = 2;
    options.stderr_fd = 1;
    auto child = spawn(options);
    return child ? child->wait(kPatience).value_or(3) : 2;
  });
  EXPECT_EQ(code, 0);
  out.write_end.reset();
  err.write_end.reset();
  EXPECT_EQ(read_to_end(out.read_end.get()), "err\n");
  EXPECT_EQ(read_to_end(err.read_end.get()), "out\n");
}

TEST(Spawn, WorksWithoutStandardDescriptors) {
  const Pipe pipe = must(make_pipe());
  const int code = in_other_process([&] {
    for (const int fd : {0, 1, 2}) (void)::close(fd);
    SpawnOptions options = shell("echo x >&2; cat");
    options.stdin_fd = kDevNull;
    options.stdout_fd = pipe.write_end.get();
    options.stderr_fd = pipe.write_end.get();
    auto child = spawn(options);
    return child ? child->wait(kPatience).value_or(3) : 2;
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(must(bytes_available(pipe.read_end.get())), 2U);
}

TEST(BeforeExec, AlwaysPrecedesTheProgram) {
  const NoLeak no_leak;
  for (int run = 0; run < 100; ++run) {
    Pipe pipe = must(make_pipe());
    SpawnOptions options{.program = "/bin/echo", .argv = {"echo", "output"}};
    options.stdout_fd = pipe.write_end.get();
    options.before_exec = [&](pid_t) { return write_all(pipe.write_end.get(), "OK\n", kPatience); };
    Child child = must(spawn(options));
    pipe.write_end.reset();
    EXPECT_EQ(read_to_end(pipe.read_end.get()), "OK\noutput\n");
    EXPECT_EQ(must(child.wait(kPatience)), 0);
  }
}

TEST(BeforeExec, ItsFailureExecutesNothing) {
  const NoLeak no_leak;
  const TestDirectory directory;
  SpawnOptions options = shell("touch " + directory.path("ran"));
  options.before_exec = [](pid_t) { return Result<>(fail(Errc::kPeer, "the peer is gone")); };
  const auto child = spawn(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().what, "the peer is gone");
  EXPECT_FALSE(has_children());
  EXPECT_FALSE(exists(directory.path("ran")));
}

TEST(BeforeExec, FailureOfExecComesAfterIt) {
  bool called = false;
  SpawnOptions options{.program = "/no/such/program"};
  options.before_exec = [&](pid_t) {
    called = true;
    return Result<>();
  };
  EXPECT_EQ(spawn(options).error().sys_errno, ENOENT);
  EXPECT_TRUE(called);
}

TEST(BeforeExec, KilledParentLeavesNoProgram) {
  must(become_subreaper());
  const TestDirectory directory;
  const Pipe ready = must(make_pipe());
  const pid_t parent = ::fork();
  if (parent == 0) {
    SpawnOptions options = shell("touch " + directory.path("ran"));
    options.before_exec = [&](pid_t) {
      (void)write_all(ready.write_end.get(), "ready\n", kPatience);
      for (;;) ::pause();
      return Result<>();
    };
    (void)spawn(options);
    ::_exit(1);
  }
  EXPECT_EQ(read_line(ready.read_end.get()), "ready");
  const auto orphans = descendants(parent).pids;
  ASSERT_EQ(orphans.size(), 1U);
  ASSERT_EQ(::kill(parent, SIGKILL), 0);
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
  int status = 0;  // The orphan is ours now.
  ASSERT_EQ(::waitpid(orphans[0], &status, 0), orphans[0]);
  EXPECT_EQ(WEXITSTATUS(status), 127);
  EXPECT_FALSE(exists(directory.path("ran")));
}

// Whoever dies is known to be dead by the end of its pipes: a child that is held must not hold them.
TEST(BeforeExec, TheChildHoldsOnlyWhatItNeeds) {
  const Pipe pipe = must(make_pipe());
  const Pipe lent = must(make_pipe());
  SpawnOptions options{.program = "/bin/true"};
  options.kept_fds = {lent.read_end.get()};
  std::set<std::string> held;
  options.before_exec = [&](pid_t pid) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
      held.insert(entry.path().filename());
    }
    return Result<>();
  };
  Child child = must(spawn(options));
  EXPECT_EQ(must(child.wait(kPatience)), 0);
  EXPECT_EQ(held.size(), 5U);  // 0-2, what is lent, and the channel.
  EXPECT_TRUE(held.contains(std::to_string(lent.read_end.get())));
  for (const int fd : {pipe.read_end.get(), pipe.write_end.get(), lent.write_end.get()}) {
    EXPECT_FALSE(held.contains(std::to_string(fd)));
  }
}

TEST(BeforeExec, WhoIsStoppedInItIsAnErrorAndKilled) {
  const NoLeak no_leak;
  const TestDirectory directory;
  SpawnOptions options = shell("touch " + directory.path("ran"));
  options.before_exec = [](pid_t pid) {
    EXPECT_EQ(::kill(pid, SIGSTOP), 0);
    return Result<>();
  };
  const auto child = spawn(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Errc::kTimeout);
  EXPECT_EQ(child.error().what, "/bin/sh: it was stopped before it could execute, or could not in 10 seconds");
  EXPECT_FALSE(has_children());
  EXPECT_FALSE(exists(directory.path("ran")));
}

TEST(Child, WaitHasALimit) {
  Child child = must(spawn({.program = "/bin/sleep", .argv = {"sleep", "1000"}}));
  EXPECT_EQ(must(child.try_wait()), std::nullopt);
  EXPECT_FALSE(child.ref().has_exited());
  const auto code = child.wait(10ms);
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, Errc::kTimeout);
  must(child.ref().send(SIGKILL));
  EXPECT_TRUE(must(child.ref().wait_exit(kPatience)));
  EXPECT_TRUE(child.ref().has_exited());
  EXPECT_EQ(must(child.wait(kPatience)), 137);
  EXPECT_EQ(child.ref().send(SIGTERM).error().sys_errno, ESRCH);
}

TEST(Child, DestructorLeavesNobody) {
  const NoLeak no_leak;
  {
    Child child = must(spawn(shell("trap '' TERM HUP INT; exec sleep 1000")));
    const Child moved = std::move(child);
    EXPECT_GT(moved.pid(), 0);
  }
  EXPECT_FALSE(has_children());
}

TEST(Child, ReapedElsewhereIsTold) {
  Child child = must(spawn(shell("exit 7")));
  ASSERT_TRUE(must(child.ref().wait_exit(kPatience)));
  EXPECT_EQ(reap_available(), (std::vector<Reaped>{{child.pid(), 7, false}}));
  EXPECT_EQ(child.try_wait().error().sys_errno, ECHILD);
  child.note_reaped(7);
  EXPECT_EQ(must(child.wait(0s)), 7);
}

TEST(ProcessRef, NoSuchProcess) { EXPECT_EQ(ProcessRef::open(0x3fffffff).error().sys_errno, ESRCH); }

TEST(Child, WhoseEndWasSeenKeepsItsPidUntilItIsReaped) {
  Child child = must(spawn(shell("exit 3")));
  while (!must(child.try_see_end())) must(child.ref().wait_exit(kPatience));
  EXPECT_EQ(child.exit_code(), 3);
  EXPECT_TRUE(is_child(child.pid()));
  Child moved = std::move(child);
  EXPECT_EQ(must(moved.try_see_end()), 3);
  EXPECT_TRUE(is_child(moved.pid()));
  EXPECT_EQ(must(moved.try_wait()), 3);
  EXPECT_FALSE(is_child(moved.pid()));
  EXPECT_EQ(must(moved.wait(kPatience)), 3);
  pid_t pid = 0;
  {
    Child forgotten = must(spawn(shell("kill -9 $$")));
    while (!must(forgotten.try_see_end())) must(forgotten.ref().wait_exit(kPatience));
    EXPECT_TRUE(forgotten.signalled());
    pid = forgotten.pid();
  }
  EXPECT_FALSE(is_child(pid));
}

// Programs that use select(2) don't survive descriptors above 1023.
TEST(Spawn, AProgramGetsTheDescriptorLimitThatWeWereStartedWith) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlim_t hard = limit.rlim_max;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, 200);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(raise_descriptor_limit(), hard);
  EXPECT_EQ(raise_descriptor_limit(), hard);
  EXPECT_EQ(output_of(shell("ulimit -Sn")), std::to_string(limit.rlim_cur) + "\n");
  EXPECT_NE(output_of(shell("ulimit -Hn")), "200\n");
}

}  // namespace
}  // namespace stapsh::sys
