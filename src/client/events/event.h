// SPDX-License-Identifier: Apache-2.0
// What happens in a run, as values. All that a run shows is a function of its events, in their order, so a recording
// can stand in for a run. Every field is described in docs/events.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "protocol/agent_line.h"
#include "session/client_effect.h"

namespace stapsh::client {

/// What a target is at, as a person reads it.
enum class TargetState { kWaiting, kConnecting, kBuilding, kSending, kReady, kRunning, kStopping, kDone, kFailed };
inline constexpr std::size_t kTargetStates = 9;
/// "connecting", "building", …
std::string_view state_name(TargetState state);

namespace event {

/// The first event of a run.
struct RunStarted {
  struct Target {
    std::string name;  ///< For people; no two are the same.
    std::string uri;
    bool operator==(const Target&) const = default;
  };
  std::string version;  ///< rstap's.
  std::string script;   ///< As the person named it; "-e" for text on the command line; empty for a sweep.
  std::string sha256;   ///< Of the script, 64 hexadecimal digits; empty: none, or nobody keeps the events.
  std::vector<Target> targets;
  std::string command{};  ///< The script and its arguments in one line, in a shell's words; "sweep" for a sweep.
  std::string call{};     ///< rstap as it was called, in a shell's words; empty: not known.
  std::string program{};  ///< The bpftrace program, where runners say what they measure as JSON; else empty.
  bool operator==(const RunStarted&) const = default;
};

/// An agent said hello.
struct Connected {
  std::string release, machine;  ///< As uname(1) says them.
  std::string agent;             ///< The version that it speaks, and whose it is: "stapsh 5.6", "systemtap 4.8".
  std::optional<WallTime> clock_offset;         ///< Its clock less ours; none: not measured.
  std::optional<WallTime> clock_uncertainty{};  ///< By how much the offset may be wrong, either way; if there is one.
  std::optional<FoundRunners> runners{};        ///< What it has to run programs with; none: it did not say.
  std::optional<TargetEnvironment> environment{};  ///< What the machine offers to them; none: it was not asked.
  bool has_policy = false;                         ///< Its owner has said what may run there.
  bool operator==(const Connected&) const = default;
};

struct StateChanged {
  TargetState state;
  bool operator==(const StateChanged&) const = default;
};

/// A module for one kernel is there, whichever targets want it.
struct Built {
  std::string release, machine;
  Duration took{};
  bool operator==(const Built&) const = default;
};

/// Of the runner, as it came: not cut at lines. `bytes` is a view, valid during on_event().
struct Output {
  Stream stream = Stream::kStdout;
  std::string_view bytes;
  std::optional<WallTime> time;  ///< The agent's clock, when it read the first byte.
  bool operator==(const Output&) const = default;
};

/// A line for a person, without a prefix: of the target, if the event has one, else of rstap.
struct Note {
  enum class Kind {
    kDetail,   ///< For who wants details (-v).
    kInfo,     ///< What is going on; not for --quiet.
    kAnswer,   ///< Asked for: SIGUSR1.
    kWarning,  ///< Always shown.
    kForeign,  ///< Always shown: what another program said, several lines, not checked: stap, or of a target, ssh.
  };
  Kind kind = Kind::kDetail;
  std::string text;
  bool operator==(const Note&) const = default;
};

/// All of the run is being stopped.
struct StopAsked {
  enum class Why {
    kSignal,      ///< A person's ctrl-C, or another signal to rstap.
    kDeadline,    ///< --deadline
    kReaderGone,  ///< Nobody reads standard output any more.
    kTargets,     ///< What became of other targets: --all-or-nothing.
    kHalt,        ///< So many failed: --halt.
  };
  Why why = Why::kSignal;
  int signal = 0;  ///< Of kSignal.
  bool operator==(const StopAsked&) const = default;
};

/// The last event of a target.
struct Ended {
  Outcome outcome;
  std::uint64_t stdout_bytes = 0, stderr_bytes = 0;
};

/// The last event of a run; without it the run was cut.
struct RunEnded {
  int exit_code = 0;
  bool operator==(const RunEnded&) const = default;
};

}  // namespace event

struct Event {
  using What = std::variant<event::RunStarted, event::Connected, event::StateChanged, event::Built, event::Output,
                            event::Note, event::StopAsked, event::Ended, event::RunEnded>;
  WallTime at{};                      ///< The client's clock.
  std::optional<std::size_t> target;  ///< Index into RunStarted::targets; none: the run itself.
  What what;
};

/// Takes events in order. Never blocks, and talks back only to say that it is full.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  virtual void on_event(const Event& event) = 0;
  /// No more events at the moment: write what goes.
  virtual void on_pause() {}
  /// Somebody is asked something at the terminal, by ssh (true), or no longer: it is not ours meanwhile.
  virtual void on_asking(bool) {}
  /// Targets are read only while no sink is full.
  [[nodiscard]] virtual bool full() const { return false; }
};

}  // namespace stapsh::client
