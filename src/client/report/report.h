// SPDX-License-Identifier: Apache-2.0
// All that a report says of a run, as plain values: what became of each target, what the maps of the program hold, and
// what it takes to run it again. The page (report_page.h), folded stacks (folded.h) and metrics (metrics.h) are each a
// function of it. Texts of targets are as they came, whatever bytes that are: each writer makes them safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "client/answers/answer.h"
#include "client/answers/map_kind.h"
#include "client/events/event.h"
#include "session/client_effect.h"

namespace stapsh::client::report {

/// What a target was at, from one StateChanged to the next.
struct Phase {
  TargetState state = TargetState::kWaiting;
  WallTime begin{}, end{};  ///< The client's clock.
};

struct Target {
  std::string name;  ///< No two are the same.
  std::string uri;
  std::string release, machine, agent;  ///< Of event::Connected; empty: it never connected.
  std::string runner{};                 ///< "bpftrace 0.23.2", if it is known.
  std::optional<Outcome> outcome{};     ///< None: the run was cut before the target's end.
  std::vector<Phase> phases{};          ///< In order of time.
  std::uint64_t stdout_bytes = 0, stderr_bytes = 0;
  std::optional<WallTime> clock_offset{};  ///< Its clock less ours.
};

/// What one host said of a map; each key at most once, in ascending order.
struct HostColumn {
  std::size_t target = 0;
  std::vector<std::pair<KeyIndex, Value>> values;
};

/// The sums of a map when its program printed it the n-th time.
struct Snapshot {
  WallTime at{};
  std::size_t hosts = 0;                       ///< That said it.
  std::vector<std::pair<KeyIndex, Sum>> sums;  ///< In ascending order of keys.
};

/// Numbers at moments: a line for each of the largest keys.
struct Series {
  std::vector<WallTime> at;                               ///< In order of time; two or more.
  std::vector<std::string> keys;                          ///< One, empty, for a map without keys.
  std::vector<std::vector<std::optional<Number>>> lines;  ///< By key, then by moment; none: it is not known.
  std::size_t hosts = 0;                                  ///< That had printed it, the same at each of the moments.
  std::size_t left_out = 0;                               ///< Moments at which others had.
  bool cumulative = false;                                ///< A number holds what those before it held.
};

/// What the stacks in a map's keys are of, in the order in which they stand in a key.
enum class StackKind : std::uint8_t { kKernel, kUser };

struct Map {
  std::string name;  ///< With its "@".
  MapKind kind = MapKind::kOther;
  bool keyed = false;              ///< Its values have keys, be it one that is empty.
  std::size_t asked = 0;           ///< Targets.
  std::vector<std::string> keys;   ///< One, empty, for a map without keys.
  std::vector<Sum> sums;           ///< By key, as many as keys.
  std::vector<HostColumn> hosts;   ///< In the order of targets.
  std::vector<Missing> missing{};  ///< The others of those asked, and those whose values are not whole.
  std::uint64_t dropped_keys = 0;
  std::vector<std::string> notes{};   ///< What a person must know to read it, a line each.
  std::vector<std::string> faults{};  ///< What rstap itself failed at: missing or not whole. For a person.
  std::vector<Snapshot> snapshots{};  ///< In order of time.
  bool cumulative = false;            ///< A snapshot holds what those before it held.
  std::optional<Series> series{};     ///< Of maps of numbers, in place of snapshots.
  std::vector<StackKind> stacks{};    ///< See stack_order.h; empty: not known, so it is guessed from frames.
};

struct Note {
  enum class Kind { kInfo, kWarning, kForeign, kError, kLost };
  WallTime at{};
  std::optional<std::size_t> target{};
  Kind kind = Kind::kInfo;
  std::string text;
  std::uint64_t lost = 0;  ///< Of kLost: events.
};

struct Report {
  std::string command;      ///< To run it again, in a shell's words.
  std::string script;       ///< Its name; "-e" for text of the command line.
  std::string script_text;  ///< Empty: not known, as in a replay without the file.
  std::string sha256;       ///< Of the script.
  std::string version;      ///< rstap's.
  WallTime began{}, ended{};
  std::optional<int> exit_code{};  ///< None: the run was cut.
  std::vector<Target> targets{};
  std::vector<Map> maps{};
  std::vector<Note> notes{};
};

}  // namespace stapsh::client::report
