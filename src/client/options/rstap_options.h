// SPDX-License-Identifier: Apache-2.0
// What was asked for, as values: what to run is in job_options.h, where, how it is reached and how it is shown here.
// Who reads words or files into them is not known here.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/options/answer_request.h"
#include "client/options/job_options.h"
#include "client/options/nats_site.h"
#include "client/options/run_rules.h"
#include "protocol/limits.h"
#include "session/stop_ladder.h"

namespace stapsh::client {

enum class Action { kRun, kSweep, kDoctor, kListHosts, kShowHelp, kShowVersion };

/// Which targets.
struct TargetOptions {
  std::vector<std::string> remotes;  ///< Values of --remote, in order; never empty for kRun.
  /// Groups of the configuration file: what @NAME stands for, each value as one of --remote.
  std::map<std::string, std::vector<std::string>> groups;
  std::vector<std::string> finished;     ///< Names of targets that need not run (--resume-failed).
  std::vector<std::string> inventories;  ///< Values of --inventory: files and more, as ansible takes them.
  std::optional<std::string> limit;      ///< A pattern for their hosts.
  std::vector<std::string> excludes;     ///< Values of --exclude: each a set as of --remote.
  std::optional<std::string> selector;   ///< --selector: of nats://SITE/* those with such labels.
  std::optional<unsigned> pick;          ///< So many of what is left then, at random; at least 1.

  [[nodiscard]] bool any() const { return !remotes.empty() || !inventories.empty(); }
};

/// Whether a target without an agent of ours is brought one.
enum class Bootstrap {
  kNever,
  kRemove,  ///< And it is gone with the session.
  kKeep,    ///< And it stays for the next time.
};

/// How an agent is reached.
struct ReachOptions {
  std::string ssh_command = "ssh";
  std::vector<std::string> ssh_options;       ///< Each a value of ssh's -o.
  NatsSites nats;                             ///< Of nats://SITE/HOST.
  std::optional<std::string> stapsh_program;  ///< --stapsh; none: searched for.
  std::vector<std::string> allowed_owners;    ///< Of unix: sockets, besides root and ourselves: names or numbers.
  Bootstrap bootstrap = Bootstrap::kNever;
  bool keep_modules = false;             ///< They stay on targets for the next run.
  std::optional<std::string> become;     ///< As whom sudo starts an agent; none: it is of whoever logs in there.
  bool ask_become_pass = false;          ///< A person is asked for sudo's password; else sudo must need none.
  std::string become_prompt;             ///< By what sudo's question is known, one word; not an option.
  bool batch = false;                    ///< Nobody is asked anything.
  std::vector<std::string> environment;  ///< NAME=VALUE, of a program that connects; not an option.
  std::optional<unsigned> retries;       ///< Of connecting, for each target; none: where sshd sheds load.
};

enum class LabelMode {
  kNone,   ///< One target: bytes pass through untouched. Several: whole lines; "NAME: " on standard error.
  kIndex,  ///< --remote-prefix, as stap prints it: "N: " on standard output. Several: on standard error as well.
  kName,   ///< --label: "NAME: " on both.
};

/// What stands before each line, and before its label.
enum class Timestamps {
  kNone,
  kIso,    ///< Local time: 2026-11-26T23:04:05.123456+00:00
  kDelta,  ///< Seconds since the first runner began: [   12.345678]
};

enum class Format { kText, kJson };

enum class ProgressMode {
  kAuto,    ///< A status line where standard error is a terminal that nobody else writes to.
  kAlways,  ///< As well where standard output is a pipe; where standard error is no terminal, a line now and then.
  kNever,
};

enum class ColourWhen { kAuto, kAlways, kNever };

/// What a person sees of a run.
struct OutputOptions {
  Format format = Format::kText;
  std::optional<std::string> record_file;  ///< Beside all else: the events, as JSON.
  LabelMode labels = LabelMode::kNone;
  Timestamps timestamps = Timestamps::kNone;
  std::optional<std::chrono::milliseconds>
      by_time;              ///< How long a line waits for older ones; none: lines come as they come.
  bool gather = false;      ///< Equal output once, at the end.
  bool bare_alone = false;  ///< With `gather`: of one target the text alone, without a header.
  bool diff = false;        ///< How the others differ from it; without `gather` that alone.
  AnswerRequest answers;
  std::string outdir, errdir;  ///< A folder with a file per target; empty: none.
  std::string joblog;          ///< A file with a row per target; empty: none.
  bool resume_failed = false;  ///< Its rows of earlier runs stay.
  bool line_buffer = false;    ///< No line waits for others, that a block stays whole.
  bool raw = false;            ///< A terminal is sent what targets say as it is.
  /// Of labels; none: as kAuto, but NO_COLOR in the environment says kNever. kAuto: on a terminal.
  std::optional<ColourWhen> colour;
  bool quiet = false;
  bool verbose = false;  ///< -v: what each target is at, too.
  ProgressMode progress = ProgressMode::kAuto;

  /// Whether somebody may look at the events later, and wants to know all of them.
  [[nodiscard]] bool keeps_events() const { return format == Format::kJson || record_file.has_value(); }

  /// Whether agents are asked for the time of what they read (`option time`).
  [[nodiscard]] bool wants_agent_time() const {
    return timestamps != Timestamps::kNone || by_time.has_value() || keeps_events();
  }
};

enum class Dialect { kReleased, kRfc };

struct RstapOptions {
  Action action = Action::kRun;
  std::vector<std::string> words;  ///< As the person gave them; an alias is not expanded.
  JobOptions job;
  TargetOptions targets;
  ReachOptions reach;
  OutputOptions output;
  std::string configuration;  ///< The file; empty: there is none.
  std::string stap_program = "stap";
  std::optional<std::string> sign_key;  ///< Each run is signed with it, where a policy asks for that. None: none is.
  std::optional<std::string> build_on;  ///< By which host; none: here. An address that ssh can reach.
  Dialect dialect = Dialect::kReleased;
  bool together = false;
  bool all_or_nothing = false;
  bool dry_run = false;                                      ///< Connect, check, build; start nothing.
  std::optional<HaltRule> halt;                              ///< None: no failure ends a run.
  std::optional<CanaryRule> canary;                          ///< None: no target waits for others.
  bool largest_code = false;                                 ///< --maxrc
  unsigned fanout = 0;                                       ///< 0: the client's default.
  std::optional<std::chrono::milliseconds> connect_timeout;  ///< None: the client's default.
  std::optional<std::chrono::milliseconds> keepalive = std::chrono::seconds(60);  ///< None: not asked for.
  std::optional<std::chrono::milliseconds> deadline;                              ///< None: no end.
  std::optional<std::chrono::milliseconds> grace;                                 ///< None: the client's default.
  std::optional<std::chrono::milliseconds> stop_limit;                            ///< None: see stop_times().
  Limits limits;

  /// Whether there is a program to build and run: not of a sweep, and a doctor can do without.
  [[nodiscard]] bool has_program() const {
    return action != Action::kSweep && (action != Action::kDoctor || !job.script.empty());
  }
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

}  // namespace stapsh::client
