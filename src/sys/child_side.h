// SPDX-License-Identifier: Apache-2.0
// spawn()'s other side: what the child does between fork and exec.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <optional>
#include <span>

#include "sys/privileges.h"

namespace stapsh::sys {

/// How far the child came.
enum class Stage : int { kReady, kSession, kDirectory, kDescriptors, kPrivileges, kExec };

/// What comes from the child through the channel; with kReady no failure.
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
  std::span<const int> kept;    // By the program.
  std::span<const int> needed;  // By the child before that: the channel, and these.
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

/// Executes the program, or says through the channel why not. In the child alone.
[[noreturn]] void child_main(const Plan& plan);

}  // namespace stapsh::sys
