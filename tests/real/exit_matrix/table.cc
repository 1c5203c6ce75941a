// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <stdexcept>

namespace stapsh::matrix {
namespace {

using namespace std::chrono_literals;
using enum Phase;
using enum Event;
using enum Transport;
constexpr Verdict::Proof kNone = Verdict::Proof::kNone, kClean = Verdict::Proof::kClean,
                         kUnknown = Verdict::Proof::kUnknown;

constexpr std::array<std::string_view, kPhases> kPhaseNames{"before-hello", "after-hello", "during-file",
                                                            "after-file",   "after-run",   "running",
                                                            "flooding",     "end-probe",   "after-exit"};
constexpr std::array<std::string_view, kEvents> kEventNames{
    "sigint",         "sigint-2",         "sigint-3",          "client-sigterm",   "client-sighup",
    "client-sigkill", "stdout-closed",    "client-sigstop",    "transport-killed", "transport-frozen",
    "agent-sigterm",  "agent-sighup",     "agent-sigkill",     "guardian-sigkill", "both-sigkill",
    "agent-sigstop",  "guardian-sigstop", "stopped-sigkill",   "runner-exit-0",    "runner-exit-3",
    "runner-signal",  "runner-ignores",   "grandchild",        "daemon",           "hidden-daemon",
    "fork-storm",     "disk-full",        "workspace-deleted", "broker-killed",    "broker-restarted",
    "broker-frozen",  "partitioned",      "link-killed",       "link-restarted",   "link-frozen"};
constexpr std::array<std::string_view, kTransports> kTransportNames{"stapsh", "unix", "ssh", "nats"};

constexpr unsigned bit(Phase phase) { return 1U << static_cast<unsigned>(phase); }
constexpr unsigned only(Transport transport) { return 1U << static_cast<unsigned>(transport); }
constexpr unsigned from(Phase first, Phase last) {
  unsigned bits = 0;
  for (unsigned i = static_cast<unsigned>(first); i <= static_cast<unsigned>(last); ++i) bits |= 1U << i;
  return bits;
}
constexpr unsigned kConnecting = from(kBeforeHello, kAfterHello), kUploading = from(kDuringFile, kAfterFile),
                   kNoRunnerYet = from(kBeforeHello, kAfterFile), kAny = from(kBeforeHello, kAfterExit),
                   kAnyTransport = 15, kBroker = only(kNats);

struct Row {
  Event event;
  unsigned phases;
  unsigned transports;
  Verdict verdict;
};

constexpr std::string_view kStopped = "stopped before it ran", kSucceeded = "1 succeeded",
                           kGaveUp = "gave up waiting while it was", kCutShort = "the agent ended the run: ",
                           kLost = "failed: ", kNoGuardian = "the guardian begins with the first file",
                           kNoRunner = "no runner runs yet", kNoWorkspace = "no workspace is there yet",
                           kSilent = "silent for longer than --keepalive", kNoSite = "no broker is there";

Verdict not_applicable(std::string_view why) { return {.not_applicable = why}; }

// The first row that fits a cell holds. An interrupt reaches a runner that has not set up its handlers: 129.
const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
      {kInterrupt, kConnecting, kAnyTransport, {{}, {130}, kStopped, kNone}},
      {kInterrupt, bit(kDuringFile), kAnyTransport, {{}, {130}, kStopped, kClean}},
      {kInterrupt, bit(kAfterFile), kAnyTransport, {{}, {0, 129}, "all clean", kClean}},
      {kInterrupt, bit(kEndProbe), kAnyTransport, {{}, {143}, "ended by signal 15", kClean}},
      {kInterrupt, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kInterruptTwice, kConnecting, kAnyTransport, {{}, {130}, kStopped, kNone}},
      {kInterruptTwice, bit(kDuringFile), kAnyTransport, {{}, {130}, kStopped, kClean}},
      {kInterruptTwice, bit(kAfterFile), kAnyTransport, {{}, {0, 129, 143}, "all clean", kClean}},
      {kInterruptTwice, bit(kEndProbe), kAnyTransport, {{}, {1, 143}, {}, kNone}},
      {kInterruptTwice, bit(kAfterExit), kAnyTransport, {{}, {0}, kSucceeded, kClean}},
      {kInterruptTwice, kAny, kAnyTransport, {{}, {0, 143}, "all clean", kClean}},

      // The first one is enough; the others may come before that is seen.
      {kInterruptThrice, kConnecting, kAnyTransport, {{}, {1, 130}, {}, kNone}},
      {kInterruptThrice, from(kRunning, kEndProbe), kAnyTransport, {{}, {0, 1, 143}, {}, kNone}},
      {kInterruptThrice, kAny, kAnyTransport, {{}, {1}, kGaveUp, kNone}},

      {kClientTerminated, kConnecting, kAnyTransport, {{}, {143}, kStopped, kNone}},
      {kClientTerminated, bit(kDuringFile), kAnyTransport, {{}, {143}, kStopped, kClean}},
      {kClientTerminated, bit(kAfterFile), kAnyTransport, {{}, {0, 129}, "all clean", kClean}},
      {kClientTerminated, bit(kEndProbe), kAnyTransport, {{}, {143}, "ended by signal 15", kClean}},
      {kClientTerminated, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kClientHungUp, kConnecting, kAnyTransport, {{}, {129}, kStopped, kNone}},
      {kClientHungUp, bit(kDuringFile), kAnyTransport, {{}, {129}, kStopped, kClean}},
      {kClientHungUp, bit(kAfterFile), kAnyTransport, {{}, {0, 129}, "all clean", kClean}},
      {kClientHungUp, bit(kEndProbe), kAnyTransport, {{}, {143}, "ended by signal 15", kClean}},
      {kClientHungUp, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kClientKilled, kAny, kAnyTransport, {{}, {137}, {}, kNone}},

      {kOutputClosed, kConnecting, kAnyTransport, {{}, {141}, kStopped, kNone}},
      {kOutputClosed, kAny, kAnyTransport, {{}, {141}, "all clean", kClean}},

      // Its agent may know no keepalive yet; then the run goes on when the client does.
      {kClientStopped, kConnecting, kAnyTransport, {{}, {0}, kSucceeded, kClean, 10s}},
      {kClientStopped, kUploading, kAnyTransport, {{}, {0, 1, 129}, {}, kClean, 10s}},
      {kClientStopped, from(kAfterRun, kRunning), kAnyTransport, {{}, {1}, kCutShort, kClean, 10s}},
      {kClientStopped, bit(kFlooding), kAnyTransport, {{}, {1}, kLost, kClean, 10s}},
      {kClientStopped, bit(kEndProbe), kAnyTransport, {{}, {0, 143}, {}, kClean, 10s}},
      {kClientStopped, kAny, kAnyTransport, {{}, {0, 1}, {}, kClean, 10s}},

      // The link asks after 10 s without a word whether the client is there still.
      {kTransportKilled, kConnecting, kBroker, {{}, {1}, kLost, kNone, 20s}},
      {kTransportKilled, kConnecting, kAnyTransport, {{}, {1}, kLost, kNone}},
      {kTransportKilled, kAny, kAnyTransport, {{}, {1}, kLost, kClean}},

      {kTransportFrozen, kConnecting, kBroker, {{}, {1}, kLost, kNone, 30s}},
      {kTransportFrozen, kConnecting, kAnyTransport, {{}, {1}, kLost, kNone, 10s}},
      // All sessions of a site share a relay, and it has none that could ask.
      {kTransportFrozen, kAny, kBroker, {{}, {1}, kSilent, kUnknown, 15s}},
      {kTransportFrozen, kAny, kAnyTransport, {{}, {1}, kSilent, kClean, 10s}},

      {kAgentTerminated, kConnecting, kAnyTransport, {{}, {1}, kLost, kNone}},
      {kAgentTerminated, kUploading, kAnyTransport, {{}, {1}, "agent ended before the runner started", kClean}},
      {kAgentTerminated, from(kAfterRun, kFlooding), kAnyTransport, {{}, {1}, kCutShort, kClean}},
      {kAgentTerminated, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kAgentHungUp, kConnecting, kAnyTransport, {{}, {1}, kLost, kNone}},
      {kAgentHungUp, kUploading, kAnyTransport, {{}, {1}, "agent ended before the runner started", kClean}},
      {kAgentHungUp, from(kAfterRun, kFlooding), kAnyTransport, {{}, {1}, kCutShort, kClean}},
      {kAgentHungUp, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kAgentKilled, kConnecting, kAnyTransport, {{}, {1}, kLost, kNone}},
      {kAgentKilled, kAny, kAnyTransport, {{}, {1}, kLost, kClean}},

      {kGuardianKilled, kConnecting, kAnyTransport, not_applicable(kNoGuardian)},
      {kGuardianKilled, kUploading, kAnyTransport, {{}, {1}, "agent ended before the runner started", kClean}},
      {kGuardianKilled, from(kAfterRun, kFlooding), kAnyTransport, {{}, {1}, kCutShort, kClean}},
      {kGuardianKilled, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kBothKilled, kConnecting, kAnyTransport, not_applicable(kNoGuardian)},
      {kBothKilled, kAny, kAnyTransport, {{}, {1}, kLost, kClean}},

      // Its guardian gives it 20 s to go on. A session without one has nothing that could be left.
      {kAgentStopped, kConnecting, kAnyTransport, not_applicable(kNoGuardian)},
      {kAgentStopped, kAny, kAnyTransport, {{}, {1}, kSilent, kClean, 45s}},
      {kGuardianStopped, kConnecting, kAnyTransport, not_applicable(kNoGuardian)},
      {kGuardianStopped, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},
      {kStoppedGuardianAgentKilled, kConnecting, kAnyTransport, not_applicable(kNoGuardian)},
      {kStoppedGuardianAgentKilled, kAny, kAnyTransport, {{}, {1}, kLost, kClean}},

      {kRunnerSucceeds, kNoRunnerYet, kAnyTransport, not_applicable(kNoRunner)},
      {kRunnerSucceeds, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},
      {kRunnerFails, kNoRunnerYet, kAnyTransport, not_applicable(kNoRunner)},
      {kRunnerFails, kAny, kAnyTransport, {{}, {3}, "ended with exit code 3", kClean}},
      {kRunnerDies, kNoRunnerYet, kAnyTransport, not_applicable(kNoRunner)},
      {kRunnerDies, kAny, kAnyTransport, {{}, {137}, "ended by signal 9", kClean}},

      {kRunnerIgnores, kNoRunnerYet, kAnyTransport, not_applicable(kNoRunner)},
      {kRunnerIgnores, bit(kAfterExit), kAnyTransport, not_applicable("the runner has ended")},
      // Output is progress; a person has to insist.
      {kRunnerIgnores, bit(kFlooding), kAnyTransport, {{}, {1}, kGaveUp, kNone}},
      {kRunnerIgnores, kAny, kAnyTransport, {{}, {137}, "ended by signal 9", kClean}},

      {kGrandchild, kNoRunnerYet, kAnyTransport, not_applicable(kNoRunner)},
      {kGrandchild, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},
      {kDaemon, kNoRunnerYet, kAnyTransport, not_applicable(kNoRunner)},
      {kDaemon, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},
      {kHiddenDaemon, kNoRunnerYet, kAnyTransport, not_applicable(kNoRunner)},
      {kHiddenDaemon, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},
      {kForkStorm, kNoRunnerYet, kAnyTransport, not_applicable(kNoRunner)},
      {kForkStorm, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kDiskFull, bit(kAfterFile), kAnyTransport, {{}, {0}, kSucceeded, kClean}},
      {kDiskFull, kNoRunnerYet, kAnyTransport, {{}, {1}, "No space left", kClean}},
      {kDiskFull, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kWorkspaceDeleted, kConnecting, kAnyTransport, not_applicable(kNoWorkspace)},
      {kWorkspaceDeleted, kUploading, kAnyTransport, {{}, {1}, kLost, kClean}},
      {kWorkspaceDeleted, kAny, kAnyTransport, {{}, {0}, kSucceeded, kClean}},

      {kBrokerKilled, kConnecting, kBroker, {{}, {1}, kLost, kNone, 10s}},
      {kBrokerKilled, kAny, kBroker, {{}, {1}, "was lost: ", kUnknown, 15s}},
      {kBrokerRestarted, kConnecting, kBroker, {{}, {1}, kLost, kNone, 10s}},
      {kBrokerRestarted, kAny, kBroker, {{}, {1}, "was lost: ", kClean, 30s}},
      {kBrokerFrozen, kConnecting, kBroker, {{}, {1}, kLost, kNone, 30s}},
      {kBrokerFrozen, kAny, kBroker, {{}, {1}, kSilent, kUnknown, 15s}},
      {kPartitioned, kConnecting, kBroker, {{}, {1}, kLost, kNone, 30s}},
      {kPartitioned, kAny, kBroker, {{}, {1}, kSilent, kUnknown, 15s}},
      // The broker says so when rstap speaks next.
      {kLinkKilled, kConnecting, kBroker, {{}, {1}, kLost, kNone, 10s}},
      {kLinkKilled, kAny, kBroker, {{}, {1}, "is not connected to the broker of site", kUnknown, 15s}},
      {kLinkRestarted, kConnecting, kBroker, {{}, {1}, kLost, kNone, 10s}},
      {kLinkRestarted, kAny, kBroker, {{}, {1}, kLost, kClean, 15s}},
      {kLinkFrozen, kConnecting, kBroker, {{}, {1}, kLost, kNone, 30s}},
      {kLinkFrozen, kAny, kBroker, {{}, {1}, kSilent, kUnknown, 15s}},
  };
  return kRows;
}

}  // namespace

std::string_view name_of(Phase phase) { return kPhaseNames[static_cast<std::size_t>(phase)]; }
std::string_view name_of(Event event) { return kEventNames[static_cast<std::size_t>(event)]; }
std::string_view name_of(Transport transport) { return kTransportNames[static_cast<std::size_t>(transport)]; }

std::vector<Cell> all_cells() {
  std::vector<Cell> cells;
  constexpr std::size_t kBuiltTransports = kHasNats ? kTransports : kTransports - 1;  // It is the last one.
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    for (std::size_t event = 0; event < kEvents; ++event) {
      for (std::size_t transport = 0; transport < kBuiltTransports; ++transport) {
        cells.push_back({static_cast<Phase>(phase), static_cast<Event>(event), static_cast<Transport>(transport)});
      }
    }
  }
  return cells;
}

Verdict verdict_of(const Cell& cell) {
  if (is_of_broker(cell.event) && cell.transport != kNats) return not_applicable(kNoSite);
  for (const Row& row : rows()) {
    if (row.event == cell.event && (row.phases & bit(cell.phase)) != 0 && (row.transports & only(cell.transport)) != 0)
      return row.verdict;
  }
  throw std::logic_error("no row for " + std::string(name_of(cell.phase)) + " " + std::string(name_of(cell.event)));
}

bool is_of_broker(Event event) { return event >= kBrokerKilled; }

Times times_of(const Cell& cell) {
  const bool silence = cell.event == kClientStopped || cell.event == kTransportFrozen || cell.event == kAgentStopped ||
                       is_of_broker(cell.event);
  // A short grace time where something will not go by itself; a long one where the end probe shall come to its end.
  const bool stubborn = cell.event == kRunnerIgnores || cell.event == kGrandchild || cell.event == kDaemon ||
                        cell.event == kHiddenDaemon || cell.event == kForkStorm || cell.event == kInterruptThrice ||
                        cell.phase == kEndProbe || silence;
  return {stubborn ? "0.3" : "2", silence ? "2" : "15"};
}

}  // namespace stapsh::matrix
