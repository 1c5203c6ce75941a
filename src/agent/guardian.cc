// SPDX-License-Identifier: Apache-2.0
#include "agent/guardian.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <exception>

#include "agent/background_sweep.h"
#include "agent/independent_process.h"
#include "agent/session_remains.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

constexpr char kDismissed = 'd';
constexpr Duration kDismissLimit = std::chrono::seconds(1);

[[noreturn]] void guard(int leash, sys::Workspace& workspace) noexcept {
  const std::array<int, 2> held = workspace.descriptors();
  const std::array<int, 3> kept{leash, held[0], held[1]};
  become_independent("stapsh-guardian", kept);
  try {
    if (dead_sessions_exist()) (void)BackgroundSweep::start({});  // Without it, the next session's guardian does it.
    char word = 0;
    ssize_t size = 0;
    do size = ::read(leash, &word, 1);
    while (size < 0 && errno == EINTR);
    if (size == 1 && word == kDismissed) ::_exit(0);
    (void)end_session(std::move(workspace), true);  // Nobody is there to be told.
  } catch (const std::exception&) {
    ::_exit(1);  // Out of memory. The stack above is the agent's; what stays is for the next sweep.
  }
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
  process_ = {};  // Its number can be another's from here on.
}

void Guardian::dismiss() {
  if (!watches()) return;
  (void)sys::write_all(leash_.get(), std::string_view(&kDismissed, 1), kDismissLimit);
  leash_.reset();
  // One that still sweeps goes on by itself.
  // It has nothing else to do: one that does not go was stopped, by a SIGSTOP or a debugger.
  for (const int signo : {0, SIGCONT, SIGKILL}) {
    if (signo != 0) (void)process_.send(signo);
    const Result<bool> gone = process_.wait_exit(kDismissLimit);
    if (gone && *gone) break;
  }
  sys::reap_aside(process_);
}

}  // namespace stapsh::agent
