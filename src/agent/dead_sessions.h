// SPDX-License-Identifier: Apache-2.0
// Sessions whose agent and guardian were both killed, and their end. A record in the RecordFolder leads to all of them:
// processes, module, workspace, wherever TMPDIR was. Of what is found in $TMPDIR and /tmp alone only files are removed:
// whoever shares such a folder could have put it there to have others' processes ended.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stapsh::agent {

/// Whether there is one to be swept.
bool dead_sessions_exist();

struct Swept {
  std::size_t removed = 0;
  std::size_t left = 0;  ///< Dead sessions that could not be ended; for who asks, see below, also others.
  /// For people: what stays and why, and of which sessions there was nothing to go by but their files.
  std::vector<std::string> notes{};
};
/// Ends what dead sessions of this user left behind. With `asked_after` (a session's id, or empty)
/// also those count as left that somebody else is ending now, and that session while it is there at all: to look at
/// each session that lives takes its time, so who does not ask does without. Of a session of another pid namespace that
/// lives only what we see of its processes is ended; it is left to an agent there, and counts where that very session
/// is asked after, or none.
Swept sweep_dead_sessions(std::optional<std::string_view> asked_after = {});

}  // namespace stapsh::agent
