// SPDX-License-Identifier: Apache-2.0
#include "tracer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>

#include "harness/scratch.h"

namespace stapsh::calls {
namespace {

using real::HarnessError;
using Clock = std::chrono::steady_clock;

constexpr std::array<std::string_view, kRoles> kRoleNames{"client",       "starter", "listener", "agent", "guardian",
                                                          "runner-start", "sweeper", "sweep",    "other", "gone"};
constexpr unsigned long kOptions = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                                   PTRACE_O_TRACEEXIT | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
constexpr int kCallStop = SIGTRAP | 0x80;

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return {target.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
}

bool has_both_ends(const std::string& folder, const std::string& pipe) {
  bool reads = false, writes = false;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (link_target(entry.path()) != pipe) continue;
    std::error_code ignored;
    // Of a descriptor's link the owner's bits say how it is open.
    const auto bits = std::filesystem::symlink_status(entry.path(), ignored).permissions();
    reads = reads || (bits & std::filesystem::perms::owner_read) != std::filesystem::perms::none;
    writes = writes || (bits & std::filesystem::perms::owner_write) != std::filesystem::perms::none;
  }
  return reads && writes;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

void place(int fd, int target) {
  const int source = fd >= 0 ? fd : ::open("/dev/null", O_RDWR | O_CLOEXEC);
  (void)::dup2(source, target);
}

}  // namespace

std::string_view name_of(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

Tracer::Tracer(Role subject, std::optional<Injection> injection, bool from_main)
    : subject_(subject), injection_(std::move(injection)), from_main_(from_main) {
  // A tick ends a wait, so that bounds are looked at. It is for this thread alone: it would end another's read as well.
  struct sigaction action {};
  action.sa_handler = [](int) {};
  (void)::sigaction(SIGALRM, &action, nullptr);
  sigevent to_us{};
  to_us.sigev_notify = SIGEV_THREAD_ID;
  to_us.sigev_signo = SIGALRM;
  to_us._sigev_un._tid = ::gettid();
  if (::timer_create(CLOCK_MONOTONIC, &to_us, &tick_) != 0) throw HarnessError("timer_create");
  const itimerspec every{{0, 20'000'000}, {0, 20'000'000}};
  (void)::timer_settime(tick_, 0, &every, nullptr);
}

Tracer::~Tracer() {
  (void)::timer_delete(tick_);
  for (const auto& [pid, tracee] : tracees_) (void)::kill(pid, SIGKILL);
  for (const auto& [pid, status] : early_) (void)::kill(pid, SIGKILL);
  while (!tracees_.empty()) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) break;
    if (WIFSTOPPED(status)) (void)::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    tracees_.erase(pid);
  }
}

pid_t Tracer::start(const Program& program) {
  std::vector<std::string> argv = program.argv, env = program.env;
  const std::vector<char*> argv_pointers = pointers(argv), env_pointers = pointers(env);
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) throw HarnessError("pipe");
  const pid_t pid = ::fork();
  if (pid < 0) throw HarnessError("fork");
  if (pid == 0) {
    char go = 0;
    (void)::close(gate[1]);
    if (::read(gate[0], &go, 1) != 1) ::_exit(127);
    (void)::setpgid(0, 0);
    for (int signo = 1; signo < NSIG; ++signo) (void)::signal(signo, SIG_DFL);
    place(program.in, 0), place(program.out, 1), place(program.err, 2);
    (void)::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (::chdir(program.cwd.c_str()) == 0) ::execve(argv_pointers[0], argv_pointers.data(), env_pointers.data());
    ::_exit(127);
  }
  (void)::close(gate[0]);
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, kOptions) != 0) {
    throw HarnessError(std::string("ptrace: ") + std::strerror(errno));
  }
  tracees_[pid].role = program.role;
  started_[pid] = std::nullopt;
  (void)!::write(gate[1], "g", 1);
  (void)::close(gate[1]);
  return pid;
}

bool Tracer::serve_until(std::chrono::milliseconds bound, const std::function<bool()>& done) {
  const auto deadline = Clock::now() + bound;
  while (!done()) {
    if (Clock::now() >= deadline) return false;
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, __WALL);
    if (pid > 0) {
      if (WIFSTOPPED(status)) {
        serve_stop(pid, status);
      } else {
        tracees_.erase(pid);
        const auto own = started_.find(pid);
        if (own != started_.end()) own->second = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
    } else if (errno == ECHILD) {
      ::usleep(1'000);  // Nobody lives below us.
    }
  }
  return true;
}

std::optional<int> Tracer::exit_code(pid_t pid) const {
  const auto own = started_.find(pid);
  return own == started_.end() ? std::nullopt : own->second;
}

bool Tracer::waits_for_events(pid_t pid) const {
  const auto tracee = tracees_.find(pid);
  return tracee != tracees_.end() && tracee->second.waits;
}

// Whose calls we look at, and all from whom it descends.
bool Tracer::wanted(Role role) const {
  switch (role) {
    case Role::kClient:
    case Role::kStarter:
    case Role::kListener:
      return role == subject_ || !subject_seen_;
    case Role::kAgent:
    case Role::kSweeper:
    case Role::kGuardian:
    case Role::kRunnerStart:
    case Role::kSweep:
      return role == subject_ || (role != Role::kSweep && !subject_seen_);
    case Role::kOther:
    case Role::kGone:
      break;
  }
  return false;
}

void Tracer::let_go(pid_t pid) {
  (void)::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  tracees_.erase(pid);
}

void Tracer::go_on(pid_t pid, Tracee& tracee, int signo) {
  if (!wanted(tracee.role) && signo == 0 && !(tracee.role == Role::kListener && !tracee.waits)) return let_go(pid);
  // A listener says by its first wait that it listens.
  const bool calls = tracee.role == subject_ || (tracee.role == Role::kListener && !tracee.waits);
  (void)::ptrace(calls ? PTRACE_SYSCALL : PTRACE_CONT, pid, nullptr, signo);
}

void Tracer::serve_stop(pid_t pid, int status) {
  const auto found = tracees_.find(pid);
  if (found == tracees_.end()) {
    early_[pid] = status;
    return;
  }
  Tracee& tracee = found->second;
  const int signo = WSTOPSIG(status);
  switch (status >> 16) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE: {
      unsigned long child = 0;
      (void)::ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &child);
      on_fork(pid, static_cast<pid_t>(child));
      return go_on(pid, tracee, 0);
    }
    case PTRACE_EVENT_EXEC:
      on_exec(pid, tracee);
      return go_on(pid, tracee, 0);
    case PTRACE_EVENT_EXIT:
      // Its parent must see the end of a process that nobody traces.
      return let_go(pid);
    case PTRACE_EVENT_STOP:
      return go_on(pid, tracee, 0);
    default:
      break;
  }
  if (signo != kCallStop) return go_on(pid, tracee, signo);
  on_call(pid, tracee);
  if (tracee.role == Role::kGone) {
    tracees_.erase(pid);
    return;
  }
  go_on(pid, tracee, 0);
}

void Tracer::on_fork(pid_t parent, pid_t child) {
  Tracee& from = tracees_[parent];
  Role role = Role::kOther;
  switch (from.role) {
    case Role::kClient:
      role = Role::kStarter;
      break;
    case Role::kListener:
      role = agents_++ == 0 ? Role::kAgent : Role::kSweeper;
      break;
    case Role::kAgent:
      role = from.forks == 0 ? Role::kGuardian : Role::kRunnerStart;
      break;
    case Role::kSweeper:
      role = Role::kSweep;
      break;
    default:
      break;
  }
  ++from.forks;
  if (role == Role::kStarter && subject_ == Role::kStarter && subject_seen_) role = Role::kOther;  // The first one's.
  if (role == Role::kRunnerStart && subject_ == role && subject_seen_) role = Role::kOther;
  Tracee& tracee = tracees_[child];
  tracee.role = role;
  tracee.counts = tracee.in_main = true;
  if (role == subject_) subject_seen_ = true;
  const auto early = early_.find(child);
  if (early == early_.end()) return;
  early_.erase(early);
  go_on(child, tracee, 0);
}

void Tracer::on_exec(pid_t pid, Tracee& tracee) {
  switch (tracee.role) {
    case Role::kStarter:
      tracee.role = agents_++ == 0 ? Role::kAgent : Role::kSweeper;
      break;
    case Role::kRunnerStart:
    case Role::kGuardian:
    case Role::kSweeper:
    case Role::kSweep:
      tracee.role = Role::kOther;
      break;
    default:
      break;  // What start() began.
  }
  (void)pid;
  tracee.counts = !from_main_;
  tracee.in_main = false;
  tracee.forks = 0;
  if (tracee.role == subject_) subject_seen_ = true;
}

void Tracer::on_call(pid_t pid, Tracee& tracee) {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    if (!tracee.failing) return;
    tracee.failing = false;
    user_regs_struct registers{};
    (void)::ptrace(PTRACE_GETREGS, pid, nullptr, &registers);
    // brk answers with the break as it is; none at all says as much.
    const bool is_brk = injection_->call == SYS_brk;
    registers.rax = is_brk ? 0 : static_cast<unsigned long long>(-injection_->failure.error);
    (void)::ptrace(PTRACE_SETREGS, pid, nullptr, &registers);
    return;
  }
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
  Call call;
  call.number = static_cast<long>(info.entry.nr);
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    call.arguments[i] = static_cast<unsigned long>(info.entry.args[i]);
  }
  if (tracee.role == Role::kListener && (call.number == SYS_epoll_wait || call.number == SYS_epoll_pwait)) {
    tracee.waits = true;
  }
  // The first thing that main() does: sys/inherited_state.cc.
  if (!tracee.in_main && call.number == SYS_fcntl && call.arguments[0] == 0 && call.arguments[1] == F_GETFD) {
    tracee.counts = tracee.in_main = true;
  }
  if (tracee.counts && tracee.role == subject_) on_entry(pid, tracee, call);
}

void Tracer::on_entry(pid_t pid, Tracee& tracee, const Call& call) {
  calls_.push_back(call);
  Call& recorded = calls_.back();
  recorded.before_main = !tracee.in_main;
  recorded.of_client = tracee.role == Role::kClient;
  recorded.signals_blocked = tracee.role == Role::kStarter || tracee.role == Role::kRunnerStart;
  static constexpr long kOfFiles[] = {SYS_read, SYS_write, SYS_sendto, SYS_recvfrom, SYS_close, SYS_epoll_ctl};
  for (const long number : kOfFiles) {
    if (call.number != number) continue;
    const std::string folder = "/proc/" + std::to_string(pid) + "/fd/";
    recorded.file = link_target(folder + std::to_string(call.arguments[number == SYS_epoll_ctl ? 2 : 0]));
    recorded.own_pipe = recorded.file.starts_with("pipe:") && has_both_ends(folder, recorded.file);
  }
  if (!injection_ || injected_) return;
  if (injection_->kill) {
    if (calls_.size() != injection_->at) return;
    injected_ = recorded;
    // The signal comes as the tracing ends: its parent must see the end of a process that nobody traces.
    (void)::ptrace(PTRACE_DETACH, pid, nullptr, SIGKILL);
    tracee.role = Role::kGone;
    return;
  }
  if (call.number != injection_->call || ++same_calls_ < injection_->at) return;
  // Two runs are not the same call by call: it may be another call's turn, and then the next one's that fits.
  const Fit fit = failures_of(recorded);
  const auto same = [&](const Failure& each) { return each.error == injection_->failure.error; };
  if (std::none_of(fit.failures.begin(), fit.failures.end(), same)) return;
  injected_ = recorded;
  tracee.failing = true;
  if (injection_->failure.made) return;
  user_regs_struct registers{};
  (void)::ptrace(PTRACE_GETREGS, pid, nullptr, &registers);
  registers.orig_rax = ~0ULL;  // No such call: it is not made.
  (void)::ptrace(PTRACE_SETREGS, pid, nullptr, &registers);
}

}  // namespace stapsh::calls
