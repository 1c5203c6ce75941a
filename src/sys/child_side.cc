// SPDX-License-Identifier: Apache-2.0
#include "sys/child_side.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "sys/child.h"
#include "sys/unique_fd.h"

namespace stapsh::sys {
namespace {

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

}  // namespace

void child_main(const Plan& plan) {
  if (plan.new_session && ::setsid() < 0) child_fails(plan, Stage::kSession);
  if (plan.directory >= 0 && ::fchdir(plan.directory) != 0) child_fails(plan, Stage::kDirectory);
  place_descriptors(plan);
  // At once, not at exec: as long as we are held here, nobody shall take one of them for a sign that our parent lives.
  close_all_but(plan.needed);
  for (const int fd : plan.kept) (void)::fcntl(fd, F_SETFD, 0);  // Of what is open it can't fail.
  reset_signals(plan);
  // What that user may not execute is said before "go"; behind it may be too late.
  if (plan.privileges != nullptr && !may_execute(*plan.privileges, plan.program)) {
    child_fails(plan, errno == EPERM ? Stage::kPrivileges : Stage::kExec);
  }
  if (plan.gated) wait_for_go(plan);
  // From here on others of that user may stop or end us: just before exec, when nobody waits for us but for that.
  if (plan.privileges != nullptr && !take_privileges(*plan.privileges)) child_fails(plan, Stage::kPrivileges);
  if (plan.parent_death_signal != 0) {
    // Behind the change of user, which clears it.
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

}  // namespace stapsh::sys
