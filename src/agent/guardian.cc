// SPDX-License-Identifier: Apache-2.0
#include "agent/guardian.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "agent/session_remains.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

constexpr char kDismissed = 'd';
constexpr Duration kDismissLimit = std::chrono::seconds(1);

// Of the agent's descriptors only those in `kept` stay: an ssh session lasts as long as anybody holds its streams.
void close_all_but(std::array<int, 3> kept) {
  std::sort(kept.begin(), kept.end());
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) (void)::dup2(null, fd);
  unsigned from = STDERR_FILENO + 1;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > from) (void)::close_range(from, number - 1, 0);
    from = number + 1;
  }
  (void)::close_range(from, ~0U, 0);
}

// What reaches the agent's terminal or its process group must not reach its guardian.
void become_independent() {
  (void)::setsid();
  for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU}) {
    (void)::signal(signo, SIG_IGN);
  }
  sigset_t none;
  ::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)::prctl(PR_SET_NAME, "stapsh-guardian");
}

[[noreturn]] void guard(int leash, sys::Workspace& workspace) {
  const std::array<int, 2> held = workspace.descriptors();
  close_all_but({leash, held[0], held[1]});
  become_independent();
  (void)sweep_dead_sessions();
  char word = 0;
  ssize_t size = 0;
  do size = ::read(leash, &word, 1);
  while (size < 0 && errno == EINTR);
  if (size == 1 && word == kDismissed) ::_exit(0);
  (void)end_session(std::move(workspace), true);  // Nobody is there to be told.
  ::_exit(0);
}

}  // namespace

Result<Guardian> Guardian::start(sys::Workspace& workspace) {
  sys::Pipe pipe = TRY(sys::make_pipe());
  Result<sys::ProcessRef> process = sys::fork_aside();
  if (!process) return add_context("guardian", std::move(process).error());
  if (!process->valid()) guard(pipe.read_end.get(), workspace);
  Guardian guardian;
  guardian.process_ = *std::move(process);
  guardian.leash_ = std::move(pipe.write_end);
  return guardian;
}

void Guardian::note_gone() {
  leash_.reset();
  sys::reap_aside(process_);
}

void Guardian::dismiss() {
  if (!watches()) return;
  (void)sys::write_all(leash_.get(), std::string_view(&kDismissed, 1), kDismissLimit);
  leash_.reset();
  // One that still sweeps goes on by itself.
  (void)process_.wait_exit(kDismissLimit);
  sys::reap_aside(process_);
}

}  // namespace stapsh::agent
