// SPDX-License-Identifier: Apache-2.0
#include "agent/session_process.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <exception>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace stapsh::agent {
namespace {

// Allocates nothing.
void say(std::string_view place, const char* what) {
  (void)::dprintf(STDERR_FILENO, "stapsh: %.*s: %s\n", static_cast<int>(place.size()), place.data(), what);
}

}  // namespace

Result<sys::SignalFd> listen_to_signals(bool ignores_hangup) {
  std::vector<int> signals{SIGINT, SIGTERM, SIGCHLD};
  if (ignores_hangup) {
    STAPSH_ASSERT(::signal(SIGHUP, SIG_IGN) != SIG_ERR);
  } else {
    signals.push_back(SIGHUP);
  }
  return sys::SignalFd::create(signals);
}

int serve_session(const AgentOptions& options, std::string_view place, AgentIo io) noexcept {
  try {
    const Result<int> code = run_session(options, std::move(io));
    if (code) return *code;
    say(place, code.error().what.c_str());
  } catch (const std::exception& e) {
    say(place, e.what());
  } catch (...) {
    say(place, "a session ended by an unknown exception");
  }
  return 1;
}

}  // namespace stapsh::agent
