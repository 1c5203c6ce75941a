// SPDX-License-Identifier: Apache-2.0
// What a client asked of its session by `option`, one by one: values, and the table of those options. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "protocol/command.h"
#include "protocol/runner_kind.h"
#include "session/stop_ladder.h"

namespace stapsh {

/// What a client may ask for at most. What it does not ask for is not more than that either.
struct OptionMaxima {
  Duration grace = std::chrono::minutes(1);
  Duration stop_limit = StopTimes{}.limit;
  std::optional<Duration> deadline;  ///< None: a run may last for ever.
  bool operator==(const OptionMaxima&) const = default;
};

struct AgentDialect {
  bool framed = false;          ///< option data
  bool says_exit = false;       ///< option exit: the client is one of ours
  bool tells_signal = false;    ///< option signal
  bool timed = false;           ///< option time
  bool proves = false;          ///< option proof
  bool says_why = false;        ///< option reason
  bool tells_progress = false;  ///< option progress
  bool verifies = false;        ///< option digest: files come with theirs
  unsigned verbose = 0;         ///< option verbose, as often as it was said
  StopTimes stop_times;         ///< option grace, option stop-limit
  std::optional<Duration> deadline;
  bool deadline_is_cut = false;  ///< It is shorter than what was asked for.
  std::optional<Duration> keepalive;
  std::optional<std::string> session_id;
  std::optional<RunnerKind> runner_kind;  ///< option bpf, option dyninst
  std::vector<std::string> environment;   ///< option env: NAME=VALUE, no name twice

  /// Does what one of them asks. Returns what was granted where that is less than what was asked for, "grace=60" for
  /// example, or nothing. kPeer or kUsage: why not.
  Result<std::string> set(const OptionCommand& command, const OptionMaxima& maxima);
};

}  // namespace stapsh
