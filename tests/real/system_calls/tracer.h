// SPDX-License-Identifier: Apache-2.0
// Runs programs under ptrace, knows which process of a session is which, and lets one thing go wrong: the process is
// killed as it enters its n-th system call, or its n-th call of one kind fails. What is not needed for that runs
// untraced, so that nobody's end looks different from what it is.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call_table.h"

namespace stapsh::calls {

enum class Role {
  kClient,       ///< rstap.
  kStarter,      ///< Its child that is about to become an agent (stapsh:).
  kListener,     ///< stapsh --listen.
  kAgent,        ///< The session's.
  kGuardian,     ///< Its guardian.
  kRunnerStart,  ///< Its child that is about to become the runner.
  kSweeper,      ///< The agent of the connection that asks whether anything is left.
  kSweep,        ///< Its child that does it.
  kOther,
  kGone,  ///< Killed, as it was to be.
};
constexpr std::size_t kRoles = static_cast<std::size_t>(Role::kGone) + 1;
std::string_view name_of(Role role);

struct Injection {
  Role subject = Role::kOther;
  bool kill = false;
  std::size_t at = 0;  ///< Counted from 1: of all its calls (kill), of those with that number (failure).
  long call = 0;
  Failure failure;
};

class Tracer {
 public:
  /// The calls of `subject` are recorded, and, where there is one, the injection is made. `from_main`: calls count from
  /// the program's own first one on, without those that a sanitizer's start makes.
  Tracer(Role subject, std::optional<Injection> injection, bool from_main);
  ~Tracer();  ///< Kills whoever is still traced.
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  struct Program {
    Role role = Role::kOther;
    std::vector<std::string> argv, env;
    std::string cwd = "/";
    int in = -1, out = -1, err = -1;  ///< -1: /dev/null.
  };
  pid_t start(const Program& program);

  /// Serves all until `done` holds, asked after whatever happens and every 20 ms, or for `bound`. False: it did not.
  bool serve_until(std::chrono::milliseconds bound, const std::function<bool()>& done);

  /// Of a process that start() began: 0..255 or 128 + N, once it has ended.
  std::optional<int> exit_code(pid_t pid) const;
  bool waits_for_events(pid_t pid) const;  ///< A listener that has come to its loop.
  const std::vector<Call>& calls() const { return calls_; }
  bool injected() const { return injected_.has_value(); }
  const std::optional<Call>& injected_call() const { return injected_; }

 private:
  struct Tracee {
    Role role = Role::kOther;
    bool counts = false;   // Its calls are of interest.
    bool in_main = false;  // Past the start of its program.
    bool failing = false;  // Between entry and exit of the call that fails.
    int forks = 0;
    bool waits = false;
  };

  void serve_stop(pid_t pid, int status);
  void on_fork(pid_t parent, pid_t child);
  void on_exec(pid_t pid, Tracee& tracee);
  void on_call(pid_t pid, Tracee& tracee);
  void on_entry(pid_t pid, Tracee& tracee, const Call& call);
  void go_on(pid_t pid, Tracee& tracee, int signo);
  void let_go(pid_t pid);
  bool wanted(Role role) const;

  Role subject_;
  std::optional<Injection> injection_;
  bool from_main_;
  timer_t tick_{};
  std::map<pid_t, Tracee> tracees_;
  std::map<pid_t, int> early_;  // Stopped before their parent's fork was told of.
  std::map<pid_t, std::optional<int>> started_;
  bool subject_seen_ = false;
  int agents_ = 0;
  std::vector<Call> calls_;
  std::size_t same_calls_ = 0;
  std::optional<Call> injected_;
};

}  // namespace stapsh::calls
