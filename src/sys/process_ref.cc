// SPDX-License-Identifier: Apache-2.0
#include "sys/process_ref.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sys/clock.h"
#include "sys/io.h"

namespace stapsh::sys {
namespace {

constexpr int kAside = static_cast<int>(__WCLONE);

}  // namespace

Result<ProcessRef> ProcessRef::open(pid_t pid) {
  // Raw numbers: glibc before 2.36 has no wrappers.
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
  if (fd < 0) {
    return fail_errno("process " + std::to_string(pid) + (errno == ENOSYS ? ": needs Linux 5.4" : ""), errno);
  }
  ProcessRef ref;
  ref.pid_ = pid;
  ref.fd_ = UniqueFd(fd);  // The kernel makes it close-on-exec.
  return ref;
}

Result<> ProcessRef::send(int signo) const {
  if (::syscall(SYS_pidfd_send_signal, fd_.get(), signo, nullptr, 0U) == 0) return {};
  return fail_errno("cannot send signal " + std::to_string(signo) + " to process " + std::to_string(pid_), errno);
}

bool ProcessRef::has_exited() const {
  pollfd entry{fd_.get(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

Result<bool> ProcessRef::wait_exit(Duration limit) const { return wait_for(fd_.get(), POLLIN, deadline_after(limit)); }

Result<ProcessRef> fork_aside() {
  // No flag and no signal at its end: the order of the arguments, which differs between machines, does not matter.
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL));
  if (pid == 0) return ProcessRef();
  if (pid < 0) return fail_errno("cannot fork", errno);
  Result<ProcessRef> ref = ProcessRef::open(pid);  // Safe: nobody reaps it meanwhile.
  if (!ref) {
    (void)::kill(pid, SIGKILL);
    (void)::waitpid(pid, nullptr, kAside);
  }
  return ref;
}

bool was_stopped_aside(const ProcessRef& process) {
  siginfo_t info{};
  const int kind = WSTOPPED | WNOHANG | kAside;
  return ::waitid(P_PID, static_cast<id_t>(process.pid()), &info, kind) == 0 && info.si_pid != 0;
}

void reap_aside(const ProcessRef& process) { (void)::waitpid(process.pid(), nullptr, kAside | WNOHANG); }

}  // namespace stapsh::sys
