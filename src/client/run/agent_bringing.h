// SPDX-License-Identifier: Apache-2.0
// The first stage of --bootstrap in front of a session: until an agent speaks, what the session says is held back, and
// what comes is the stage's. What it decides is transport/bootstrap_talk.h's.
#pragma once

#include <string>
#include <string_view>

#include "client/run/agent_input.h"
#include "client/run/run_context.h"
#include "client/run/target_progress.h"
#include "client/transport/bootstrap_talk.h"

namespace stapsh::client {

class AgentBringing {
 public:
  /// All is lent. `stage_input`: what is written first.
  AgentBringing(const RunContext& context, TargetProgress& progress, AgentInput& input, std::string stage_input);

  /// A command of the session's.
  void send(std::string command);
  /// Returns what is the session's of it: noise of the account's, or what the agent says. Valid until the next call.
  std::string_view on_bytes(std::string_view bytes);

  /// What was started there has spoken: the stage, or an agent.
  [[nodiscard]] bool has_spoken() const { return has_spoken_; }
  /// An agent speaks, or has failed to come.
  [[nodiscard]] bool is_over() const { return talk_.is_over(); }
  /// It stays there after the session.
  [[nodiscard]] bool is_kept() const { return is_kept_; }
  [[nodiscard]] bool is_sending() const { return talk_.is_sending(); }
  /// Why no agent comes; empty: one does.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// The agent has greeted: by then its file is gone, or kept.
  void note_greeted();
  /// Whether something of it may be left there, and nobody knows.
  [[nodiscard]] bool is_adrift() const { return adrift_; }

 private:
  void perform(StageEffect effect);
  void find_agent(const std::string& machine);
  void fail(std::string reason);

  RunContext context_;
  TargetProgress& progress_;
  AgentInput& input_;
  BootstrapTalk talk_;
  std::string held_;
  std::string for_session_;
  std::string failure_;
  bool has_spoken_ = false;
  bool adrift_ = false;
  bool is_kept_ = false;
};

}  // namespace stapsh::client
