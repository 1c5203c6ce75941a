// SPDX-License-Identifier: Apache-2.0
// Sweeping in a process of its own: to end a dead session may take its grace times, and a process in state D takes for
// ever. Nobody who has a client, or a leash, waits for that.
#pragma once

#include <optional>
#include <string_view>

#include "agent/dead_sessions.h"
#include "base/result.h"
#include "sys/process_ref.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {

class BackgroundSweep {
 public:
  BackgroundSweep() = default;
  /// sweep_dead_sessions(asked_after) begins. It goes on by itself when the object, or all of us, is gone.
  static Result<BackgroundSweep> start(std::optional<std::string_view> asked_after);

  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  /// Readable once there is a result.
  [[nodiscard]] int fd() const { return outcome_.get(); }
  /// Then: what it found; something is left if it was killed. Reaps it.
  Swept finish();

 private:
  sys::ProcessRef process_;
  sys::UniqueFd outcome_;
};

}  // namespace stapsh::agent
