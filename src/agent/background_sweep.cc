// SPDX-License-Identifier: Apache-2.0
#include "agent/background_sweep.h"

#include <unistd.h>

#include <array>
#include <exception>
#include <span>

#include "agent/independent_process.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

constexpr Duration kEndLimit = std::chrono::seconds(1);

[[noreturn]] void sweep(std::optional<std::string_view> asked_after, int outcome) noexcept {
  const std::array<int, 1> kept{outcome};
  become_independent("stapsh-sweep", kept);
  try {
    const Swept swept = sweep_dead_sessions(asked_after);
    // Small enough for a pipe to take at once; who asked may be gone.
    (void)sys::write_some(outcome, std::string_view(reinterpret_cast<const char*>(&swept), sizeof swept));
  } catch (const std::exception&) {
    ::_exit(1);  // Out of memory. The stack above is another process's business.
  }
  ::_exit(0);
}

}  // namespace

Result<BackgroundSweep> BackgroundSweep::start(std::optional<std::string_view> asked_after) {
  sys::Pipe pipe = TRY(sys::make_pipe({.nonblocking_read = true}));
  Result<sys::ProcessRef> process = sys::fork_aside();
  if (!process) return add_context("sweep", std::move(process).error());
  if (!process->valid()) sweep(asked_after, pipe.write_end.get());
  BackgroundSweep result;
  result.process_ = *std::move(process);
  result.outcome_ = std::move(pipe.read_end);
  return result;
}

Swept BackgroundSweep::finish() {
  Swept swept;
  std::array<char, sizeof swept> bytes{};
  const Result<sys::IoResult> got = sys::read_some(outcome_.get(), bytes);
  if (got && got->bytes == sizeof swept) {
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&swept));
  } else {
    swept = {.removed = 0, .left = 1};
  }
  (void)process_.wait_exit(kEndLimit);
  sys::reap_aside(process_);
  return swept;
}

}  // namespace stapsh::agent
