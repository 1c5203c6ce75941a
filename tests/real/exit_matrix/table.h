// SPDX-License-Identifier: Apache-2.0
// What happens to a session, when, over what, and how it must end: the exit matrix as data. What follows from a cell
// without being said there holds for all of them: nothing of the session is left on the target within the bound.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace stapsh::matrix {

enum class Phase {
  kBeforeHello,  ///< The agent has answered; the answer has not reached the client.
  kAfterHello,   ///< The client has asked its first option; the agent has not got it.
  kDuringFile,   ///< Half of the module is in the workspace.
  kAfterFile,    ///< The module is there; `run` has not reached the agent.
  kAfterRun,     ///< The runner runs; the OK has not reached the client.
  kRunning,      ///< The runner runs and is silent.
  kFlooding,     ///< The runner writes without end.
  kEndProbe,     ///< After one ctrl-C, the runner is in its end probe.
  kAfterExit,    ///< The runner has ended; some of its output, `exit` and `quit` have not reached the client.
};

enum class Event {
  kInterrupt,
  kInterruptTwice,
  kInterruptThrice,
  kClientTerminated,
  kClientHungUp,
  kClientKilled,
  kOutputClosed,
  kClientStopped,
  kTransportKilled,
  kTransportFrozen,
  kAgentTerminated,
  kAgentHungUp,
  kAgentKilled,
  kGuardianKilled,
  kBothKilled,
  kAgentStopped,
  kGuardianStopped,
  kStoppedGuardianAgentKilled,
  kRunnerSucceeds,
  kRunnerFails,
  kRunnerDies,
  kRunnerIgnores,
  kGrandchild,
  kDaemon,
  kHiddenDaemon,  ///< The same, with an empty environment.
  kForkStorm,     ///< The runner leaves processes that fork and end at once, as do their children.
  kDiskFull,
  kWorkspaceDeleted,
  // What only a broker's session has: the broker, and stapsh-link on the host.
  kBrokerKilled,
  kBrokerRestarted,
  kBrokerFrozen,
  kPartitioned,  ///< Nothing of what the host and the broker say arrives; both live.
  kLinkKilled,
  kLinkRestarted,  ///< Killed, and started again as its service is.
  kLinkFrozen,
};

enum class Transport { kLocal, kUnix, kSsh, kNats };

inline constexpr bool kHasNats = STAPSH_HAS_NATS;
inline constexpr std::size_t kPhases = 9, kEvents = 35, kTransports = 4;

std::string_view name_of(Phase phase);
std::string_view name_of(Event event);
std::string_view name_of(Transport transport);

struct Cell {
  Phase phase;
  Event event;
  Transport transport;
};

/// How a cell must end.
struct Verdict {
  std::string_view not_applicable = {};  ///< Why; then nothing else counts.
  std::vector<int> codes = {};           ///< The client's exit code: any of these.
  std::string_view says = {};            ///< The line that says why, or the totals: a part of it. Empty: no line.
  enum class Proof {
    kNone,     ///< Nobody asked the target: nothing was there yet, or the client is dead or gave up.
    kClean,    ///< The totals say `all clean`.
    kUnknown,  ///< The client could not ask, and says so.
  } proof = Proof::kClean;
  std::chrono::milliseconds bound = std::chrono::seconds(5);  ///< From the event until all is over and clean.
};

/// All cells, in the table's order.
std::vector<Cell> all_cells();
Verdict verdict_of(const Cell& cell);

/// What happens to the broker, or to the link behind it.
bool is_of_broker(Event event);

/// Options of the client that a cell needs.
struct Times {
  std::string_view grace, keepalive;
};
Times times_of(const Cell& cell);

}  // namespace stapsh::matrix
