// SPDX-License-Identifier: Apache-2.0
#include "call_table.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include <cerrno>
#include <initializer_list>

namespace stapsh::calls {
namespace {

struct Row {
  long number;
  std::string_view name;
  std::initializer_list<int> errors;
  std::string_view not_applicable = {};
};

constexpr std::string_view kCannotFail = "cannot fail",
                           kOnlyWrongArguments = "fails only for arguments that are wrong, and ours are constants",
                           kStartOfLibc = "the C library's start: a kernel has it or has not",
                           kAsksWhatItIs = "asks what a descriptor is; the other answer is the usual one",
                           kEdge = "EAGAIN comes with the promise of an event, which an injected one would not keep";

// EINTR stands here only where the call can wait; see failures_of().
const Row kRows[] = {
    // Files.
    {SYS_openat, "openat", {EMFILE, ENOMEM, EIO}},
    {SYS_openat2, "openat2", {EMFILE, ENOMEM, ENOSYS}},
    {SYS_open, "open", {EMFILE, ENOMEM}},
    {SYS_read, "read", {EIO, EINTR}},
    {SYS_pread64, "pread64", {EIO}},
    {SYS_write, "write", {EIO, EINTR}},
    {SYS_pwrite64, "pwrite64", {ENOSPC, EIO}},
    {SYS_ftruncate, "ftruncate", {EIO}},
    {SYS_splice, "splice", {ENOMEM, EINVAL, EINTR}},
    {SYS_close, "close", {EIO, EINTR}},
    {SYS_mkdirat, "mkdirat", {ENOSPC, EIO}},
    {SYS_mkdir, "mkdir", {ENOSPC, EIO}},
    {SYS_unlinkat, "unlinkat", {EIO, ENOMEM}},
    {SYS_unlink, "unlink", {EIO}},
    {SYS_rename, "rename", {ENOSPC, EIO}},
    {SYS_flock, "flock", {EWOULDBLOCK, ENOLCK}},
    {SYS_fstatfs, "fstatfs", {EIO, ENOSYS}},
    {SYS_fchmod, "fchmod", {EIO}},
    {SYS_chmod, "chmod", {EIO}},
    {SYS_fstat, "fstat", {EIO}},
    {SYS_newfstatat, "newfstatat", {EIO, ENOMEM}},
    {SYS_statx, "statx", {EIO, ENOMEM}},
    {SYS_stat, "stat", {EIO}},
    {SYS_lstat, "lstat", {EIO}},
    {SYS_access, "access", {EIO}},
    {SYS_faccessat, "faccessat", {EIO}},
    {SYS_faccessat2, "faccessat2", {EIO, ENOSYS}},
    {SYS_getdents64, "getdents64", {EIO, ENOMEM}},
    {SYS_readlink, "readlink", {EIO, ENOMEM}},
    {SYS_readlinkat, "readlinkat", {EIO, ENOMEM}},
    {SYS_getcwd, "getcwd", {ENOENT}},
    {SYS_fchdir, "fchdir", {EACCES}},
    {SYS_lseek, "lseek", {}, kOnlyWrongArguments},
    // Descriptors.
    {SYS_pipe2, "pipe2", {EMFILE, ENOMEM}},
    {SYS_dup2, "dup2", {EBUSY}},
    {SYS_dup, "dup", {EMFILE}},
    {SYS_fcntl, "fcntl", {EMFILE}},
    {SYS_ioctl, "ioctl", {}, kAsksWhatItIs},
    {SYS_close_range, "close_range", {ENOSYS}},
    {SYS_epoll_create1, "epoll_create1", {EMFILE, ENOMEM}},
    {SYS_epoll_ctl, "epoll_ctl", {ENOMEM, ENOSPC}},
    {SYS_epoll_wait, "epoll_wait", {EINTR}},
    {SYS_epoll_pwait, "epoll_pwait", {EINTR}},
    {SYS_poll, "poll", {EINTR}},
    {SYS_ppoll, "ppoll", {EINTR, ENOMEM}},
    {SYS_signalfd4, "signalfd4", {EMFILE, ENOMEM}},
    {SYS_timerfd_create, "timerfd_create", {EMFILE, ENOMEM}},
    {SYS_timerfd_settime, "timerfd_settime", {}, kOnlyWrongArguments},
    {SYS_eventfd2, "eventfd2", {EMFILE, ENOMEM}},
    // Sockets.
    {SYS_socket, "socket", {EMFILE, ENOMEM}},
    {SYS_socketpair, "socketpair", {EMFILE, ENOMEM}},
    {SYS_bind, "bind", {EADDRINUSE, ENOSPC}},
    {SYS_listen, "listen", {EADDRINUSE}},
    {SYS_accept4, "accept4", {EMFILE, ECONNABORTED, EAGAIN, EINTR}},
    {SYS_connect, "connect", {EAGAIN, ECONNREFUSED, EINTR}},
    {SYS_recvfrom, "recvfrom", {ENOMEM, ECONNRESET, EINTR}},
    {SYS_sendto, "sendto", {ENOMEM, EPIPE, EINTR}},
    {SYS_recvmsg, "recvmsg", {ENOMEM, EINTR}},
    {SYS_sendmsg, "sendmsg", {ENOMEM, EINTR}},
    {SYS_shutdown, "shutdown", {ENOTCONN}},
    {SYS_getsockopt, "getsockopt", {}, kAsksWhatItIs},
    {SYS_setsockopt, "setsockopt", {ENOMEM}},
    // Processes.
    {SYS_clone, "clone", {EAGAIN, ENOMEM}},
    {SYS_clone3, "clone3", {EAGAIN, ENOMEM, ENOSYS}},
    {SYS_fork, "fork", {EAGAIN, ENOMEM}},
    {SYS_vfork, "vfork", {EAGAIN, ENOMEM}},
    {SYS_execve, "execve", {ENOMEM, EACCES}},
    {SYS_wait4, "wait4", {EINTR}},
    {SYS_waitid, "waitid", {EINTR}},
    {SYS_pidfd_open, "pidfd_open", {EMFILE, ENOMEM}},
    {SYS_pidfd_send_signal, "pidfd_send_signal", {EPERM}},
    {SYS_kill, "kill", {EPERM}},
    {SYS_setsid, "setsid", {}, "a child that was just forked leads no group"},
    {SYS_prctl, "prctl", {}, kOnlyWrongArguments},
    {SYS_prlimit64, "prlimit64", {EPERM}},
    // Memory.
    {SYS_mmap, "mmap", {ENOMEM}},
    {SYS_mremap, "mremap", {ENOMEM}},
    {SYS_mprotect, "mprotect", {ENOMEM}},
    {SYS_brk, "brk", {ENOMEM}},
    {SYS_munmap, "munmap", {}, "gives memory back; what we map are whole areas"},
    {SYS_madvise, "madvise", {}, "advice"},
    // The rest.
    {SYS_getrandom, "getrandom", {ENOSYS}},
    {SYS_rt_sigaction, "rt_sigaction", {}, kOnlyWrongArguments},
    {SYS_rt_sigprocmask, "rt_sigprocmask", {}, kOnlyWrongArguments},
    {SYS_rt_sigreturn, "rt_sigreturn", {}, kCannotFail},
    {SYS_sigaltstack, "sigaltstack", {}, kOnlyWrongArguments},
    {SYS_arch_prctl, "arch_prctl", {}, kStartOfLibc},
    {SYS_set_tid_address, "set_tid_address", {}, kStartOfLibc},
    {SYS_set_robust_list, "set_robust_list", {}, kStartOfLibc},
    {SYS_rseq, "rseq", {}, kStartOfLibc},
    {SYS_futex, "futex", {}, kOnlyWrongArguments},
    {SYS_uname, "uname", {}, kOnlyWrongArguments},
    {SYS_getpid, "getpid", {}, kCannotFail},
    {SYS_gettid, "gettid", {}, kCannotFail},
    {SYS_getppid, "getppid", {}, kCannotFail},
    {SYS_getuid, "getuid", {}, kCannotFail},
    {SYS_geteuid, "geteuid", {}, kCannotFail},
    {SYS_getsid, "getsid", {}, kCannotFail},
    {SYS_umask, "umask", {}, kCannotFail},
    {SYS_clock_gettime, "clock_gettime", {}, kCannotFail},
    {SYS_tgkill, "tgkill", {}, "raises a signal in the own process"},
    {SYS_exit_group, "exit_group", {}, kCannotFail},
    {SYS_restart_syscall, "restart_syscall", {}, kCannotFail},
};

const Row* row_of(long number) {
  for (const Row& row : kRows) {
    if (row.number == number) return &row;
  }
  return nullptr;
}

// Only these keep a process waiting, so that a signal can come in between; a file or a directory never does.
bool can_wait(const Call& call) {
  const bool is_file = call.number == SYS_read || call.number == SYS_write || call.number == SYS_close;
  return !is_file || call.file.starts_with("pipe:") || call.file.starts_with("socket:") ||
         call.file.starts_with("anon_inode:");
}

std::string_view not_applicable(const Call& call) {
  const bool in_memory = call.own_pipe || call.file.starts_with("anon_inode:");
  if (call.number == SYS_fcntl) {
    const bool copies = call.arguments[1] == F_DUPFD || call.arguments[1] == F_DUPFD_CLOEXEC;
    if (!copies && call.arguments[1] != F_SETPIPE_SZ) return "asks for flags or sets them: cannot fail when it is open";
  }
  if (call.number == SYS_epoll_ctl && in_memory && call.of_client) {
    return "Asio watches its own timer, event and signal pipe without a look at the result";
  }
  if (call.number == SYS_epoll_ctl && call.arguments[1] != EPOLL_CTL_ADD) return "cannot fail for what was added";
  const bool of_socket = call.number == SYS_recvfrom || call.number == SYS_sendto;
  if (of_socket && !call.file.starts_with("socket:")) return "no socket: ENOTSOCK is the only answer";
  if ((call.number == SYS_read || call.number == SYS_write) && in_memory)
    return "of the process's own memory: no device that could fail";
  if (call.number == SYS_prlimit64 && call.arguments[2] == 0) return kOnlyWrongArguments;
  const bool of_memory =
      call.number == SYS_mmap || call.number == SYS_mremap || call.number == SYS_mprotect || call.number == SYS_brk;
  if (of_memory && STAPSH_SANITIZED != 0) return "a sanitizer ends a program that is out of memory";
  return {};
}

}  // namespace

Fit failures_of(const Call& call) {
  const Row* const row = row_of(call.number);
  if (row == nullptr) return {{{EIO}}, {}};  // Not known here: then it had better be handled.
  if (row->errors.size() == 0) return {{}, row->not_applicable};
  if (const std::string_view why = not_applicable(call); !why.empty()) return {{}, why};
  Fit fit;
  for (const int error : row->errors) {
    if (error == EINTR && (call.signals_blocked || !can_wait(call))) continue;
    const bool again = error == EINTR && call.number != SYS_connect;
    fit.failures.push_back({error, call.number == SYS_close, again});
  }
  const bool makes_files = call.number == SYS_openat && (call.arguments[2] & O_CREAT) != 0;
  const bool writes_file = call.number == SYS_write && call.file.starts_with('/');
  if (makes_files || writes_file) fit.failures.push_back({ENOSPC});
  if (fit.failures.empty()) fit.not_applicable = kEdge;
  return fit;
}

std::string name_of_call(long number) {
  const Row* const row = row_of(number);
  return row != nullptr ? std::string(row->name) : "call " + std::to_string(number);
}

std::string name_of_error(int error) {
  const char* const name = ::strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

}  // namespace stapsh::calls
