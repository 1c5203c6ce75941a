// SPDX-License-Identifier: Apache-2.0
// One socketpair joins us and the child until exec closes its end: a Failure comes through it, or nothing; with
// before_exec, first "ready" from the child, then "go" from us. End of input in the child means that we are gone.
#include "sys/child.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <span>
#include <utility>

#include "base/assert.h"
#include "sys/child_side.h"
#include "sys/clock.h"
#include "sys/descriptor_limit.h"
#include "sys/executable.h"
#include "sys/exit_code.h"
#include "sys/io.h"

namespace stapsh::sys {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLastResortWait = 2s;
// For what the child does by itself, which is a few system calls and exec.
constexpr Duration kStartLimit = 10s;

/// The child's next word; nothing: its end is closed, by exec or by death. kTimeout: neither came.
Result<std::optional<Failure>> hear(int channel, const std::string& program) {
  if (!TRY(wait_for(channel, POLLIN, deadline_after(kStartLimit)))) {
    return fail(Errc::kTimeout, program + ": it was stopped before it could execute, or could not in 10 seconds");
  }
  Failure failure{};
  ssize_t count = 0;
  do count = ::recv(channel, &failure, sizeof failure, MSG_WAITALL);
  while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(sizeof failure)) return std::optional<Failure>();
  return std::optional(failure);
}

Result<> describe(const std::string& program, const Failure& failure) {
  switch (failure.stage) {
    case Stage::kReady:
      return fail(Errc::kSystem, program + ": said ready twice");
    case Stage::kSession:
      return fail_errno(program + ": cannot start a session", failure.error);
    case Stage::kDirectory:
      return fail_errno(program + ": cannot enter its working directory", failure.error);
    case Stage::kDescriptors:
      return fail_errno(program + ": cannot set up its descriptors", failure.error);
    case Stage::kPrivileges:
      return fail_errno(program + ": cannot run as another user with other capabilities", failure.error);
    case Stage::kExec:
      break;
  }
  return fail_errno(program, failure.error);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

/// A descriptor that placing 0-2 can't overwrite.
Result<UniqueFd> above_2(UniqueFd fd) {
  if (fd.get() > 2) return fd;
  return duplicate(fd.get());
}

/// As fork(2), but the child starts in that cgroup; where that can't be (a filter of system calls that knows no
/// clone3, a cgroup that takes no processes), in ours. Moving it there later would halt every fork of the machine for a
/// moment. Source: clone3(2), CLONE_INTO_CGROUP since Linux 5.7.
struct Forked {
  pid_t pid;
  bool in_cgroup = false;
};
Forked fork_into(int cgroup, bool or_nowhere) {
  clone_args args{};
  args.flags = CLONE_INTO_CGROUP;
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<std::uint64_t>(cgroup);
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  if (pid >= 0 || or_nowhere || errno == EAGAIN || errno == ENOMEM) return {pid, true};
  return {::fork()};
}

}  // namespace

std::vector<std::string> spawn_environment(const SpawnOptions& options) {
  std::vector<std::string> result;
  if (options.env) {
    result = *options.env;
  } else {
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) result.emplace_back(*entry);
  }
  for (const std::string& extra : options.extra_env) {
    const std::string name_and_equals = extra.substr(0, extra.find('=') + 1);
    std::erase_if(result, [&](const std::string& entry) { return entry.starts_with(name_and_equals); });
    result.push_back(extra);
  }
  return result;
}

Child::Child(Child&& other) noexcept
    : ref_(std::move(other.ref_)),
      exit_code_(std::exchange(other.exit_code_, std::nullopt)),
      signalled_(other.signalled_),
      reaped_(other.reaped_),
      in_cgroup_(other.in_cgroup_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  kill_and_reap();
  ref_ = std::move(other.ref_);
  exit_code_ = std::exchange(other.exit_code_, std::nullopt);
  signalled_ = other.signalled_;
  reaped_ = other.reaped_;
  in_cgroup_ = other.in_cgroup_;
  return *this;
}

Result<> Child::ask(int flags) {
  siginfo_t info{};
  int result = 0;
  do result = ::waitid(P_PIDFD, static_cast<id_t>(ref_.fd()), &info, WEXITED | WNOHANG | flags);
  while (result != 0 && errno == EINTR);
  if (result != 0) {
    return fail_errno("process " + std::to_string(pid()) + ": cannot wait for it", errno);
  }
  if (info.si_pid != 0) {
    exit_code_ = exit_code_of(info);
    signalled_ = info.si_code != CLD_EXITED;
    reaped_ = (flags & WNOWAIT) == 0;
  }
  return {};
}

Result<std::optional<int>> Child::try_wait() {
  if (!reaped_) TRY(ask(0));
  return exit_code_;
}

Result<std::optional<int>> Child::try_see_end() {
  if (!exit_code_) TRY(ask(WNOWAIT));
  return exit_code_;
}

Result<int> Child::wait(Duration limit) {
  if (!reaped_) {
    (void)TRY(ref_.wait_exit(limit));  // Whether it ended is asked below.
    (void)TRY(try_wait());
  }
  if (!exit_code_) return fail(Errc::kTimeout, "process " + std::to_string(pid()) + " still runs");
  return *exit_code_;
}

void Child::kill_and_reap() noexcept {
  if (!ref_.valid() || reaped_) return;
  (void)ref_.send(SIGKILL);     // ESRCH: it is a zombie. EPERM: a set-user-ID program; nothing more can be done.
  (void)wait(kLastResortWait);  // Destructors have nobody to tell.
}

Result<Child> spawn(const SpawnOptions& options) {
  std::string program = options.program;
  if (options.search_path && program.find('/') == std::string::npos) {
    auto found = find_in_path(program);
    if (!found) return fail_errno(program, ENOENT);
    program = *std::move(found);
  }
  std::vector<std::string> argv = options.argv;
  if (argv.empty()) argv.push_back(options.program);
  std::vector<std::string> env = spawn_environment(options);
  const std::vector<char*> argv_pointers = pointers(argv);
  const std::vector<char*> env_pointers = pointers(env);

  UniqueFd dev_null;
  std::array<int, 3> fds{options.stdin_fd, options.stdout_fd, options.stderr_fd};
  for (int& fd : fds) {
    if (fd != kDevNull) continue;
    if (!dev_null.valid()) {
      dev_null = TRY(open_at(AT_FDCWD, "/dev/null", O_RDWR));
      dev_null = TRY(above_2(std::move(dev_null)));
    }
    fd = dev_null.get();
  }
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return fail_errno(program, errno);
  UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  theirs = TRY(above_2(std::move(theirs)));

  Plan plan{};
  plan.program = program.c_str();
  plan.argv = argv_pointers.data();
  plan.env = env_pointers.data();
  plan.fds = fds;
  plan.kept = options.kept_fds;
  std::vector<int> needed = options.kept_fds;
  if (options.program_fd >= 0) needed.push_back(options.program_fd);
  needed.push_back(theirs.get());
  plan.needed = needed;
  plan.directory = options.working_directory_fd;
  plan.privileges = options.privileges ? &*options.privileges : nullptr;
  plan.new_session = options.new_session;
  plan.gated = static_cast<bool>(options.before_exec);
  plan.parent_death_signal = options.parent_death_signal;
  plan.parent = ::getpid();
  plan.channel = theirs.get();
  plan.descriptors = descriptor_limit_of_children();
  ::sigemptyset(&plan.ignored);
  for (const int signo : options.ignored_signals) STAPSH_ASSERT(::sigaddset(&plan.ignored, signo) == 0);

  // No handler of ours may run in the child, and nothing may kill it between fork and its own reset.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  STAPSH_ASSERT(::pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  // vfork(2) spares the copy of our page tables. The child then runs in our memory while we stand still, until it has
  // executed or ended: so not where it waits for our word first. What it calls it may call there, as posix_spawn's
  // does. Nor where it becomes another user in that memory.
  const bool apart = plan.gated || plan.privileges != nullptr;
  const Forked forked = options.cgroup_fd >= 0 ? fork_into(options.cgroup_fd, options.only_in_cgroup)
                                               : Forked{apart ? ::fork() : ::vfork()};
  const pid_t pid = forked.pid;
  const int fork_errno = errno;
  if (pid == 0) {
    (void)::close(ours.get());  // Not a UniqueFd's business here: this process only executes or exits.
    child_main(plan);
  }
  STAPSH_ASSERT(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
  if (pid < 0) {
    const char* const what = options.only_in_cgroup ? ": cannot start in its cgroup" : ": cannot fork";
    return fail_errno(program + what, fork_errno);
  }
  theirs.reset();

  auto ref = ProcessRef::open(pid);  // Safe: the pid of a child that is not reaped is not given away.
  if (!ref) {
    (void)::kill(pid, SIGKILL);
    (void)::waitpid(pid, nullptr, 0);
    return add_context(program, std::move(ref).error());
  }
  Child child(*std::move(ref));  // From here on, a return kills and reaps it, also if it is stopped.
  child.in_cgroup_ = forked.in_cgroup;
  if (plan.gated) {
    const std::optional<Failure> word = TRY(hear(ours.get(), program));
    if (!word) return fail(Errc::kSystem, program + ": its process was killed before it started");
    if (word->stage != Stage::kReady) TRY(describe(program, *word));
    TRY(options.before_exec(pid));
    const char go = 'g';
    ssize_t sent = 0;
    do sent = ::send(ours.get(), &go, 1, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent != 1) return fail_errno(program, errno);
  }
  if (const std::optional<Failure> word = TRY(hear(ours.get(), program))) TRY(describe(program, *word));
  return child;
}

}  // namespace stapsh::sys
