// SPDX-License-Identifier: Apache-2.0
#include "sys/process_tree.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "sys/child.h"
#include "sys/pipe.h"
#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

std::vector<pid_t> sorted(std::vector<pid_t> pids) {
  std::sort(pids.begin(), pids.end());
  return pids;
}

/// Starts a shell and waits until it has said "ready".
struct Tree {
  Child child;
  Pipe pipe;
};
Tree start(const std::string& script, bool new_session = false) {
  Pipe pipe = must(make_pipe());
  SpawnOptions options{.program = "/bin/sh", .argv = {"sh", "-c", script}};
  options.stdout_fd = pipe.write_end.get();
  options.new_session = new_session;
  Child child = must(spawn(options));
  pipe.write_end.reset();
  EXPECT_EQ(read_line(pipe.read_end.get()), "ready");
  return {std::move(child), std::move(pipe)};
}

/// Kills and reaps all that is below us, as many times as it takes.
void kill_all() {
  while (has_children()) {
    for (const pid_t pid : descendants(::getpid()).pids) (void)::kill(pid, SIGKILL);
    (void)::waitpid(-1, nullptr, 0);
  }
}

TEST(ProcessTree, FindsChildrenAndTheirs) {
  must(become_subreaper());
  const TestDirectory directory;
  // A name made to mislead who reads /proc/PID/stat from the left.
  const std::string odd = directory.path(") Z 1 1 1 (");
  ASSERT_EQ(::symlink("/bin/sleep", odd.c_str()), 0);
  Tree tree = start("sleep 1000 & sh -c '\"$0\" 1000 & echo ready; wait' '" + odd + "' & wait");
  EXPECT_EQ(children_of_self().pids, std::vector<pid_t>{tree.child.pid()});
  EXPECT_EQ(descendants(::getpid()).pids.size(), 4U);
  EXPECT_EQ(descendants(tree.child.pid()).pids.size(), 3U);
  EXPECT_TRUE(descendants(0x3fffffff).nobody());
  EXPECT_TRUE(is_child(tree.child.pid()));
  for (const pid_t pid : descendants(tree.child.pid()).pids) {
    EXPECT_FALSE(is_child(pid));
    EXPECT_TRUE(parent_of(pid) == tree.child.pid() || parent_of(parent_of(pid).value_or(0)) == tree.child.pid());
  }
  EXPECT_EQ(sorted(descendants_by_scan(::getpid()).pids), sorted(descendants(::getpid()).pids));
  kill_all();
  tree.child.note_reaped(137);
  EXPECT_TRUE(children_of_self().nobody());
}

TEST(ProcessTree, FindsASessionsMembersAlsoOrphans) {
  must(become_subreaper());
  Tree tree = start("(sleep 1000 &); echo ready; exec sleep 1000", true);
  const std::vector<pid_t> members = session_members(tree.child.pid()).pids;
  EXPECT_EQ(members.size(), 2U);
  EXPECT_EQ(sorted(members), sorted(children_of_self().pids));  // The subreaper got the orphan.
  kill_all();
  tree.child.note_reaped(137);
  EXPECT_TRUE(session_members(tree.child.pid()).nobody());
}

TEST(ProcessTree, ReapsExactlyWhatHasEnded) {
  EXPECT_FALSE(has_children());
  EXPECT_TRUE(reap_available().empty());
  Child first = must(spawn({.program = "/bin/sh", .argv = {"sh", "-c", "exit 3"}}));
  Child second = must(spawn({.program = "/bin/sh", .argv = {"sh", "-c", "kill -KILL $$"}}));
  const Child third = must(spawn({.program = "/bin/sleep", .argv = {"sleep", "1000"}}));
  EXPECT_TRUE(must(first.ref().wait_exit(kPatience)));
  EXPECT_TRUE(must(second.ref().wait_exit(kPatience)));
  EXPECT_EQ(children_of_self().pids.size(), 3U);
  EXPECT_EQ(descendants(::getpid()).pids, std::vector<pid_t>{third.pid()});
  auto reaped = reap_available();
  std::sort(reaped.begin(), reaped.end(), [](const Reaped& a, const Reaped& b) { return a.exit_code < b.exit_code; });
  EXPECT_EQ(reaped, (std::vector<Reaped>{{first.pid(), 3, false}, {second.pid(), 137, true}}));
  first.note_reaped(3);
  second.note_reaped(137);
  EXPECT_TRUE(has_children());
}

TEST(ProcessTree, FindsProcessesByWhatTheirEnvironmentSays) {
  const std::string mark = "STAPSH_TEST_MARK=" + std::to_string(::getpid());
  Pipe pipe = *make_pipe();
  SpawnOptions options;
  options.program = "/bin/cat";
  options.extra_env = {mark};
  options.stdin_fd = pipe.read_end.get();
  auto child = spawn(options);
  ASSERT_TRUE(child);
  EXPECT_THAT(marked_processes(mark).pids, testing::ElementsAre(child->pid()));
  EXPECT_THAT(marked_processes(mark.substr(0, mark.size() - 1)).pids, testing::IsEmpty());
  pipe.write_end.reset();
  ASSERT_TRUE(child->wait(std::chrono::seconds(10)));
  EXPECT_THAT(marked_processes(mark).pids, testing::IsEmpty());
}

// Anybody can have any environment: processes of another user's that carried root's mark kept root's clean-up busy.
TEST(ProcessTree, MarkOfAnotherUsersProcessDoesNotCount) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a second user";
  const std::string mark = "STAPSH_TEST_MARK=" + std::to_string(::getpid());
  // Another's; as a set-user-ID program of root's that a user started; as a daemon of root's that reads for a user.
  for (const char* const option : {"--reuid=65534", "--ruid=65534", "--euid=65534"}) {
    SCOPED_TRACE(option);
    Pipe in = must(make_pipe());
    Pipe out = must(make_pipe());
    SpawnOptions options{.program = "/usr/bin/setpriv", .argv = {"setpriv", option, "--clear-groups", "cat"}};
    options.extra_env = {mark};
    options.stdin_fd = in.read_end.get();
    options.stdout_fd = out.write_end.get();
    const Child child = must(spawn(options));
    must(write_all(in.write_end.get(), "there\n", kPatience));
    EXPECT_EQ(read_line(out.read_end.get()), "there");
    EXPECT_THAT(marked_processes(mark).pids, testing::IsEmpty());
    EXPECT_FALSE(carries_mark(child.pid(), mark));
  }
}

TEST(ProcessTree, AForkAsideCountsForNobodyAndLeavesNoZombie) {
  const NoLeak no_leak;
  Pipe leash = must(make_pipe());
  const ProcessRef aside = must(fork_aside());
  if (!aside.valid()) {
    leash.write_end.reset();
    char byte = 0;
    ::_exit(static_cast<int>(::read(leash.read_end.get(), &byte, 1)));
  }
  EXPECT_FALSE(has_children());
  EXPECT_EQ(descendants(::getpid()).pids, std::vector<pid_t>{aside.pid()});
  EXPECT_FALSE(aside.has_exited());
  reap_aside(aside);  // It lives: nothing happens.
  leash.write_end.reset();
  EXPECT_TRUE(must(aside.wait_exit(kPatience)));
  EXPECT_TRUE(reap_available().empty());
  reap_aside(aside);
  EXPECT_EQ(::waitpid(aside.pid(), nullptr, static_cast<int>(__WALL) | WNOHANG), -1);
}

/// What each look says of why it did not see all.
std::vector<std::string> blindness_of_each_look() {
  return {children_of_self().blind, descendants(::getpid()).blind, descendants_by_scan(::getpid()).blind,
          session_members(1).blind, marked_processes("A=b").blind};
}

// Nobody was seen, and that was taken for nobody is there.
TEST(ProcessTree, ALookThatSeesNothingSaysWhy) {
  EXPECT_THAT(blindness_of_each_look(), testing::Each(""));
  EXPECT_EQ(in_other_process([] {
              const rlimit none{0, 0};
              if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 1;
              EXPECT_THAT(blindness_of_each_look(), testing::Each("/proc: Too many open files"));
              return testing::Test::HasFailure() ? 2 : 0;
            }),
            0);
}

TEST(ProcessTree, WithoutProcItIsBlind) {
  if (::geteuid() != 0) GTEST_SKIP() << "chroot needs root";
  const TestDirectory nothing;
  EXPECT_EQ(in_other_process([&] {
              if (::chroot(nothing.path().c_str()) != 0 || ::chdir("/") != 0) return 1;
              const pid_t child = ::fork();
              if (child == 0) {
                for (;;) (void)::pause();
              }
              EXPECT_THAT(blindness_of_each_look(), testing::Each("no /proc"));
              EXPECT_TRUE(is_child(child));
              EXPECT_TRUE(has_children());
              (void)::kill(child, SIGKILL);
              (void)::waitpid(child, nullptr, 0);
              EXPECT_FALSE(is_child(child));
              if (::mkdir("/proc", 0755) != 0) return 1;  // A folder for it, and nothing there.
              EXPECT_THAT(blindness_of_each_look(), testing::Each("no /proc"));
              return testing::Test::HasFailure() ? 2 : 0;
            }),
            0);
}

// It looks like a zombie.
TEST(ProcessTree, AProcessLivesOnWithoutItsFirstThread) {
  must(become_subreaper());
  Pipe ended = must(make_pipe());
  const pid_t parent = ::fork();
  if (parent == 0) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::thread([] {
        while (true) (void)::pause();
      }).detach();
      ::close(ended.read_end.release());
      (void)::syscall(SYS_exit, 0);  // Of this thread alone.
    }
    for (;;) (void)::pause();
  }
  ended.write_end.reset();
  const auto found = [&] { return descendants(parent).pids; };
  const TimePoint deadline = deadline_after(kPatience);
  const auto first_thread_ended = [&] {
    const std::vector<pid_t> pids = found();
    if (pids.size() != 1) return false;
    std::ifstream stat("/proc/" + std::to_string(pids[0]) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    return text.find(") Z ") != std::string::npos;
  };
  while (!first_thread_ended() && now() < deadline) (void)::sched_yield();
  EXPECT_TRUE(first_thread_ended());
  EXPECT_EQ(descendants_by_scan(parent).pids, found());
  kill_all();
}

TEST(ProcessTree, TheStartOfAProcessTellsItFromTheNextWithItsPid) {
  const auto mine = process_start(::getpid());
  ASSERT_TRUE(mine);
  EXPECT_GT(*mine, process_start(1).value_or(0));
  EXPECT_FALSE(process_start(0));
}

}  // namespace
}  // namespace stapsh::sys
