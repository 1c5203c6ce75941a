// SPDX-License-Identifier: Apache-2.0
// Starting a program and getting its exit code. exec's own failure is the caller's Error, with exec's errno; the
// program's first byte can be held back until the caller has done something (before_exec).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sys/privileges.h"
#include "sys/process_ref.h"

namespace stapsh::sys {

constexpr int kInherit = -1;
constexpr int kDevNull = -2;

struct SpawnOptions {
  std::string program{};  ///< A path, or with search_path a name that our PATH is searched for.
  bool search_path = false;
  std::vector<std::string> argv{};                ///< With argv[0]; empty: the program alone.
  std::optional<std::vector<std::string>> env{};  ///< NAME=VALUE; none: ours.
  std::vector<std::string> extra_env{};           ///< NAME=VALUE, instead of what env has under that name.
  int stdin_fd = kInherit;                        ///< Lent, any descriptor, also 0-2; kInherit; kDevNull.
  int stdout_fd = kInherit;
  int stderr_fd = kInherit;
  std::vector<int> kept_fds{};             ///< Lent, above 2: they reach it under their own numbers.
  int program_fd = -1;                     ///< Lent: `program` names it (/proc/self/fd/N); the program does not get it.
  int working_directory_fd = -1;           ///< -1: ours.
  bool new_session = false;                ///< setsid(2).
  int cgroup_fd = -1;                      ///< A cgroup (v2) that it starts in, where the kernel allows; -1: ours.
  bool only_in_cgroup = false;             ///< Where the kernel does not allow that, it does not start.
  std::optional<Privileges> privileges{};  ///< As whom; none: as we are.
  int parent_death_signal = 0;             ///< Sent to it when we die: prctl(2). Not kept by set-user-ID programs.
  std::vector<int> ignored_signals{};      ///< SIG_IGN; all others are default, and none is blocked.
  /// Runs in the parent when all else is ready, told the child's pid: the program is executed only after it succeeded.
  /// If it fails, or if we die in it, nothing is executed.
  std::function<Result<>(pid_t pid)> before_exec{};
};

/// A child that is not yet reaped.
class Child {
 public:
  Child() = default;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  /// Last resort: SIGKILL, a bounded wait (a child in D state must not hang us), reap.
  ~Child() { kill_and_reap(); }

  [[nodiscard]] const ProcessRef& ref() const { return ref_; }
  [[nodiscard]] pid_t pid() const { return ref_.pid(); }
  /// The code once its end has been seen.
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }
  /// Whether that stands for a signal; false also for who was reaped by reap_available().
  [[nodiscard]] bool signalled() const { return signalled_; }
  /// Whether it started in the cgroup that SpawnOptions named.
  [[nodiscard]] bool in_cgroup() const { return in_cgroup_; }

  /// Waits until it is gone, at most `limit`, and reaps it. Returns 0..255, or 128 + N if signal N killed it; kTimeout
  /// if it still lives (call again). Source: waitid(2), P_PIDFD since Linux 5.4.
  Result<int> wait(Duration limit);
  /// The same without waiting; nothing while it lives.
  Result<std::optional<int>> try_wait();
  /// As try_wait(), but it is not reaped: until it is, its pid is nobody else's, nor its session's id.
  Result<std::optional<int>> try_see_end();
  /// It lives on without us, who don't reap it: init does after our end.
  void leave() { reaped_ = true; }
  /// For who reaps with reap_available(): it was this child, and this is its code.
  void note_reaped(int exit_code) {
    exit_code_ = exit_code;
    reaped_ = true;
  }

 private:
  friend Result<Child> spawn(const SpawnOptions& options);
  explicit Child(ProcessRef ref) : ref_(std::move(ref)) {}
  Result<> ask(int flags);
  void kill_and_reap() noexcept;

  ProcessRef ref_;
  std::optional<int> exit_code_;
  bool signalled_ = false;
  bool reaped_ = false;
  bool in_cgroup_ = false;
};

/// The environment that such a program would get.
std::vector<std::string> spawn_environment(const SpawnOptions& options);

/// Starts a program. Descriptors of ours other than 0-2 and kept_fds don't reach it. Errors name the program. kTimeout:
/// somebody has stopped it (SIGSTOP) before it could execute; it is killed then. It becomes another user (privileges)
/// only behind before_exec, so that others of that user can't reach it there.
Result<Child> spawn(const SpawnOptions& options);

}  // namespace stapsh::sys
