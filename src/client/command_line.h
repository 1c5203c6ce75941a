// SPDX-License-Identifier: Apache-2.0
// rstap's command line: words in, options out. Options are scanned by getopt_long from tables made of option_table.h:
// stap uses getopt, and its combined short options (-vg, -Gx=1), permutation and `--` must carry over exactly; CLI11
// has a syntax of its own for each of them. Never prints, never exits.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/job_options.h"
#include "client/merge.h"
#include "protocol/limits.h"
#include "session/stop_ladder.h"

namespace stapsh::client {

enum class Dialect { kReleased, kRfc };
enum class Action { kRun, kSweep, kShowHelp, kShowVersion };

struct RstapOptions {
  Action action = Action::kRun;
  JobOptions job;
  std::vector<std::string> remotes;  ///< Values of --remote, in order; never empty for kRun.
  LabelMode labels = LabelMode::kNone;
  bool together = false;
  bool all_or_nothing = false;
  bool quiet = false;
  Dialect dialect = Dialect::kReleased;
  unsigned fanout = 0;                                                            ///< 0: the client's default.
  std::optional<std::chrono::milliseconds> connect_timeout;                       ///< None: the client's default.
  std::optional<std::chrono::milliseconds> keepalive = std::chrono::seconds(60);  ///< None: not asked for.
  std::optional<std::chrono::milliseconds> deadline;                              ///< None: no end.
  std::optional<std::chrono::milliseconds> grace;                                 ///< None: the client's default.
  std::optional<std::chrono::milliseconds> stop_limit;                            ///< None: see stop_times().
  std::string stap_program = "stap";
  std::optional<std::string> stapsh_program;  ///< --stapsh; none: searched for.
  std::string ssh_command = "ssh";
  std::vector<std::string> ssh_options;     ///< Each a value of ssh's -o.
  std::vector<std::string> allowed_owners;  ///< Of unix: sockets, besides root and ourselves: names or numbers.
  Limits limits;

  /// What a stop may take. A long grace makes all of it longer.
  [[nodiscard]] StopTimes stop_times() const {
    StopTimes times;
    if (grace) times.grace = *grace;
    times.limit = stop_limit ? Duration(*stop_limit) : std::max<Duration>(times.limit, 10 * times.grace);
    return times;
  }
  /// What a runner may take of it, so that its end is told, and the connection closed, within the rest.
  [[nodiscard]] StopTimes runner_stop_times() const {
    StopTimes times = stop_times();
    times.limit -= times.limit / 10;
    return times;
  }
};

/// `words` without the program's name. kUsage names the word and says what to do.
Result<RstapOptions> parse_rstap_arguments(std::span<const std::string> words);

/// The text of --help, without colours, at most 100 columns.
std::string rstap_help();

}  // namespace stapsh::client
