// SPDX-License-Identifier: Apache-2.0
// Who descends from us, and reaping them. /proc is a moving picture: a process can fork between two looks, so who
// wants everybody looks again until nobody is left. And it can be missing, or closed to us: nobody seen is nobody there
// only for a look that was not blind.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::sys {

/// What one look at processes found.
struct Seen {
  std::vector<pid_t> pids;
  /// Why there may be more: "no /proc", "/proc: Too many open files". Empty: these are all.
  std::string blind{};
  [[nodiscard]] bool nobody() const { return pids.empty() && blind.empty(); }
};

/// Whether an error of a look at a process says that it has ended, not that we can't look.
bool says_gone(int error);

/// Every process that /proc shows.
Seen all_processes();

/// From now on, orphaned descendants become our children instead of init's.
Result<> become_subreaper();

/// Our children, those included that have ended and wait to be reaped.
Seen children_of_self();

/// The living children of `pid`, theirs, and so on; not `pid`. Also those that /proc lists and does not show (hidepid).
Seen descendants(pid_t pid);
/// The same for a kernel without CONFIG_PROC_CHILDREN: reads all of /proc, as descendants() does there. Those that it
/// does not show are not found.
Seen descendants_by_scan(pid_t pid);

/// The living processes of session `sid`, its leader included. Not found are those of other users that hidepid hides.
Seen session_members(pid_t sid);

/// The living processes, we excluded, whose environment at exec had `mark` (NAME=VALUE), and that are of our user in
/// all respects. Others' don't count: an environment can be made up, and one that root's process had goes on to a
/// user's by sudo and su.
Seen marked_processes(std::string_view mark);
/// Whether `pid` is such a process. False for one that is gone, or whose environment we may not read.
bool carries_mark(pid_t pid, std::string_view mark);

/// Whether `pid` is a child of ours, ended or not: by the kernel's word, whatever /proc shows.
bool is_child(pid_t pid);
/// None for one that is gone, or that /proc does not show.
std::optional<pid_t> parent_of(pid_t pid);
/// The id of the session that `pid` is in; none as above.
std::optional<pid_t> session_of(pid_t pid);

/// Whether a signal has stopped it (SIGSTOP, ctrl-Z); a process that a debugger holds is in another state. False where
/// /proc can't say.
bool is_stopped(pid_t pid);
/// Whether it has a controlling terminal.
bool has_terminal(pid_t pid);

/// When a process started, in clock ticks since boot: with its pid, who it is for ever. None: no such process.
std::optional<std::uint64_t> process_start(pid_t pid);

/// Its number in the pid namespace that it is in, the innermost. None: no such process, or the kernel can't say
/// (`NSpid:`, Linux 4.1).
std::optional<pid_t> innermost_pid(pid_t pid);

struct Reaped {
  pid_t pid = -1;
  int exit_code = 0;       ///< 0..255, or 128 + N for death by signal N.
  bool signalled = false;  ///< It is the latter.
  bool operator==(const Reaped&) const = default;
};

/// Reaps children that have ended, at most `max` of them: a fork storm has always another one. Tell a Child that is
/// among them: note_reaped().
std::vector<Reaped> reap_available(std::size_t max = SIZE_MAX);

/// True while there is a child, living or not reaped, that fork_aside() did not make. For a subreaper, false means: the
/// whole tree is gone, whatever its processes made of their sessions and parents.
bool has_children();

}  // namespace stapsh::sys
