// SPDX-License-Identifier: Apache-2.0
// All that a seed decides before a run begins: who does what, and what goes wrong.
#pragma once

#include <string>
#include <vector>

#include "broker_path.h"
#include "link.h"
#include "random.h"
#include "session/agent_session.h"
#include "session/client_session.h"

namespace stapsh::sim {

struct RunnerPlan {
  struct Chunk {
    Stream stream;
    std::string bytes;
    Duration after;  ///< The one before.
  };
  std::vector<Chunk> output;
  bool endless = false;  ///< Floods until it is stopped; otherwise, after its output:
  bool waits = false;    ///< waits to be stopped; otherwise it exits by itself.
  std::string bye;       ///< What its end probe prints when it is stopped.
  int exit_code = 0;
  /// Between the pieces of it: a slow end probe makes progress all the time.
  Duration bye_pause{};
  /// Before the first of them: it detaches probes, works and says nothing.
  Duration works{};
  bool ignores_stop = false, ignores_terminate = false;
  bool immortal = false;  ///< State D: even SIGKILL does not end it.
  enum class Straggler { kNone, kShort, kStubborn } straggler = Straggler::kNone;
};

struct Plan {
  explicit Plan(std::uint64_t seed);
  /// The same run, but the two ends meet at a broker: what can go wrong with its bytes goes wrong with its messages.
  static Plan over_a_broker(std::uint64_t seed);

  enum class Fault {
    kNone,
    kCut,         ///< The connection dies at some byte, and both ends learn it in time.
    kCorrupt,     ///< A byte arrives as another.
    kFile,        ///< A file can't be made, written or closed.
    kStart,       ///< The runner can't be executed.
    kLateStart,   ///< It can't, and the OK is out.
    kAgentStops,  ///< Somebody sends SIGTERM to the agent.
    kStall,       ///< The client does not read for a while.
    kLimit,       ///< The agent takes less than the client sends.
    kBroker,      ///< Messages are lost, repeated or swapped, or somebody is cut off: `broker`.
  };

  std::uint64_t seed;
  AgentSettings agent;
  ClientSettings client;
  Upload upload;
  std::vector<std::string> contents;
  RunnerPlan runner;
  Fault fault = Fault::kNone;
  Duration fault_at{}, fault_lasts{};
  std::string failing_file_step;  ///< "create", "write" or "commit".
  std::size_t failing_file = 0;
  std::size_t link_capacity = 0, pipe_capacity = 0;
  Link::Faults to_agent, to_client;
  BrokerFault broker;
  Duration module_after{}, start_after{};
  bool rude = false;  ///< While its runner runs, the client sends a line that is no command.
  /// When the person says stop; the third time they give up.
  std::vector<Duration> stops;
};

}  // namespace stapsh::sim
