// SPDX-License-Identifier: Apache-2.0
// One socketpair joins us and the child until exec closes its end: a Failure comes through it, or nothing; with
// before_exec, first "ready" from the child, then "go" from us. End of input in the child means that we are gone.
#include "sys/child.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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
#include "sys/descriptor_limit.h"
#include "sys/executable.h"
#include "sys/exit_code.h"

namespace stapsh::sys {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLastResortWait = 2s;
constexpr unsigned kCloseRangeCloexec = 1U << 2;  // CLOSE_RANGE_CLOEXEC, Linux 5.11

enum class Stage : int { kReady, kSession, kDirectory, kDescriptors, kPrivileges, kExec };

struct Failure {
  Stage stage;
  int error;
};

/// All that the child needs, made before the fork: after it, no allocation and only async-signal-safe calls.
struct Plan {
  const char* program;
  char* const* argv;
  char* const* env;
  std::array<int, 3> fds;
  std::span<const int> kept;
  int directory;
  const Privileges* privileges;  // Null: ours.
  bool new_session;
  bool gated;
  int parent_death_signal;
  pid_t parent;
  sigset_t ignored;
  std::optional<rlimit> descriptors;
  int channel;
};

[[noreturn]] void child_fails(const Plan& plan, Stage stage) {
  const Failure failure{stage, errno};
  (void)::send(plan.channel, &failure, sizeof failure, MSG_NOSIGNAL);  // Without a reader nobody wants to know.
  ::_exit(127);
}

void place_descriptors(const Plan& plan) {
  std::array<int, 3> from = plan.fds;
  // First out of each other's way: 0-2 are about to be overwritten.
  for (int target = 0; target <= 2; ++target) {
    int& source = from[static_cast<std::size_t>(target)];
    if (source == kInherit) source = target;
    if (source > 2 || source == target) continue;
    source = ::fcntl(source, F_DUPFD_CLOEXEC, 3);
    if (source < 0) child_fails(plan, Stage::kDescriptors);
  }
  for (int target = 0; target <= 2; ++target) {
    const int source = from[static_cast<std::size_t>(target)];
    if (source != target) {
      if (::dup2(source, target) < 0) child_fails(plan, Stage::kDescriptors);
    } else if (::fcntl(source, F_SETFD, 0) != 0 && plan.fds[static_cast<std::size_t>(target)] != kInherit) {
      child_fails(plan, Stage::kDescriptors);
    }
  }
}

/// What we inherited ourselves without close-on-exec must not reach the program.
void close_others_at_exec() {
  if (::syscall(SYS_close_range, 3U, ~0U, kCloseRangeCloexec) == 0) return;
  for (int fd = 3; fd < 1024; ++fd) (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);  // Before 5.11; EBADF is the usual answer.
}

void reset_signals(const Plan& plan) {
  for (int signo = 1; signo < NSIG; ++signo) {
    struct sigaction action {};
    action.sa_handler = ::sigismember(&plan.ignored, signo) == 1 ? SIG_IGN : SIG_DFL;
    (void)::sigaction(signo, &action, nullptr);  // KILL, STOP and glibc's own two refuse.
  }
}

void wait_for_go(const Plan& plan) {
  const Failure ready{Stage::kReady, 0};
  if (::send(plan.channel, &ready, sizeof ready, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof ready)) ::_exit(127);
  char go = 0;
  while (::recv(plan.channel, &go, 1, 0) != 1) {
    if (errno != EINTR) ::_exit(127);  // End of input leaves errno as it was: never EINTR, all is blocked.
  }
}

[[noreturn]] void child_main(const Plan& plan) {
  if (plan.new_session && ::setsid() < 0) child_fails(plan, Stage::kSession);
  if (plan.directory >= 0 && ::fchdir(plan.directory) != 0) child_fails(plan, Stage::kDirectory);
  place_descriptors(plan);
  close_others_at_exec();
  for (const int fd : plan.kept) (void)::fcntl(fd, F_SETFD, 0);  // Of what is open it can't fail.
  reset_signals(plan);
  if (plan.privileges != nullptr) {
    if (!take_privileges(*plan.privileges)) child_fails(plan, Stage::kPrivileges);
    // What that user may not execute is said before "go"; behind it may be too late.
    if (::access(plan.program, X_OK) != 0) child_fails(plan, Stage::kExec);
  }
  if (plan.gated) wait_for_go(plan);
  if (plan.parent_death_signal != 0) {
    (void)::prctl(PR_SET_PDEATHSIG, plan.parent_death_signal);  // Can't fail for a signal's number.
    if (::getppid() != plan.parent) ::_exit(127);
  }
  sigset_t none;
  ::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);                            // Can't fail with these arguments.
  if (plan.descriptors) (void)::setrlimit(RLIMIT_NOFILE, &*plan.descriptors);  // Lower than ours: it can't fail.
  ::execve(plan.program, plan.argv, plan.env);
  child_fails(plan, Stage::kExec);
}

/// The child's next word; nothing: its end is closed, by exec or by death.
std::optional<Failure> hear(int channel) {
  Failure failure{};
  ssize_t count = 0;
  do count = ::recv(channel, &failure, sizeof failure, MSG_WAITALL);
  while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(sizeof failure)) return std::nullopt;
  return failure;
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
Forked fork_into(int cgroup) {
  clone_args args{};
  args.flags = CLONE_INTO_CGROUP;
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<std::uint64_t>(cgroup);
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  if (pid >= 0 || errno == EAGAIN || errno == ENOMEM) return {pid, true};
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
  const Forked forked = options.cgroup_fd >= 0 ? fork_into(options.cgroup_fd) : Forked{apart ? ::fork() : ::vfork()};
  const pid_t pid = forked.pid;
  const int fork_errno = errno;
  if (pid == 0) {
    (void)::close(ours.get());  // Not a UniqueFd's business here: this process only executes or exits.
    child_main(plan);
  }
  STAPSH_ASSERT(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
  if (pid < 0) return fail_errno(program + ": cannot fork", fork_errno);
  theirs.reset();

  auto ref = ProcessRef::open(pid);  // Safe: the pid of a child that is not reaped is not given away.
  if (!ref) {
    (void)::kill(pid, SIGKILL);
    (void)::waitpid(pid, nullptr, 0);
    return add_context(program, std::move(ref).error());
  }
  Child child(*std::move(ref));  // From here on, a return kills and reaps it.
  child.in_cgroup_ = forked.in_cgroup;
  if (plan.gated) {
    const auto word = hear(ours.get());
    if (!word) return fail(Errc::kSystem, program + ": its process was killed before it started");
    if (word->stage != Stage::kReady) TRY(describe(program, *word));
    TRY(options.before_exec(pid));
    const char go = 'g';
    ssize_t sent = 0;
    do sent = ::send(ours.get(), &go, 1, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent != 1) return fail_errno(program, errno);
  }
  if (const auto word = hear(ours.get())) TRY(describe(program, *word));
  return child;
}

}  // namespace stapsh::sys
