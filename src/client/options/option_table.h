// SPDX-License-Identifier: Apache-2.0
// The one table of stap's options and bpftrace's: spelling, value, help, and where each goes: to the build (stap -p4),
// to the runner (under its own name), to both, or no further than the client. The parser, --help, the build's words and
// the runner's words all come from it. Every cell was tried with the programs of systemtap 4.8 and bpftrace 0.17.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/options/job_options.h"
#include "client/options/option_id.h"
#include "protocol/runner_kind.h"

namespace stapsh::client {

/// Where an option is of use in the build.
enum class BuildUse {
  kNone,     ///< stap -p4 makes the same module with and without it; it is not passed.
  kHow,      ///< Says what to print or whom to trace: rstap or the runner has a use for it as well.
  kWhere,    ///< Says how to build, or where to look: refused where nothing is built, unless the runner takes it.
  kContent,  ///< Changes what the module does: refused where nothing is built, unless somebody else sees to it.
};

/// What becomes of an option when a given runner runs the module.
struct RunnerUse {
  enum class Kind {
    kNothing,
    kOption,
    kModuleWord,
    kSentFiles,  ///< An option whose files are sent along: the runner is given their names there.
    kClient,     ///< The client sees to it.
    kRefused,
  };
  Kind kind = Kind::kNothing;
  /// kOption, kSentFiles: the runner's spelling. kRefused: why, and what to do; empty: it has no such option.
  std::string_view text = {};
};

struct OptionEntry {
  OptionId id;
  char short_name;             ///< '\0': none.
  std::string_view long_name;  ///< Without its dashes; empty: none.
  std::string_view value;      ///< The value's name in help; empty: takes none. "[=X]": optional.
  BuildUse build;
  std::array<RunnerUse, 4> runners;  ///< By RunnerKind.
  std::string_view help;
  // Where it is another option to bpftrace:
  std::string_view bpftrace_help = {};
  std::string_view bpftrace_value = {};

  bool takes_value() const { return !value.empty(); }
  /// "-x" or "--remote": as messages name it.
  std::string spelling() const;
  /// bpftrace has another one of that name.
  bool is_two_options() const { return !bpftrace_help.empty(); }
  /// It is of use to bpftrace alone.
  bool is_bpftraces() const;
  const RunnerUse& for_runner(RunnerKind kind) const { return runners[static_cast<std::size_t>(kind)]; }
};

std::span<const OptionEntry> option_table();
const OptionEntry& option_entry(OptionId id);

/// What `options` say for `id`: a value for each time that it counts (empty strings for an option without one);
/// nothing if it was not given.
std::vector<std::string> option_values(const JobOptions& options, OptionId id);

/// How often the runner gets -v: once less than asked for by -v and by the fifth digit of --vp, as from stap.
unsigned runner_verbosity(const JobOptions& options);

/// The message for an option that is not in the table: names it and says how to hand it on.
std::string unknown_option_message(std::string_view option);

}  // namespace stapsh::client
