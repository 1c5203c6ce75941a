// SPDX-License-Identifier: Apache-2.0
// A stapsh without a machine: a real AgentSession, and a shell that has no files and no processes but a scripted
// runner. Bytes in, bytes out. Pure, but for the wall clock that a client may ask after.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scripted_runner.h"
#include "session/agent_session.h"

namespace stapsh::fleet {

class EmulatedAgent {
 public:
  EmulatedAgent(AgentSettings settings, Scenario scenario, TimePoint now);

  void on_bytes(std::string_view bytes, TimePoint now);
  void on_end_of_input(TimePoint now);
  /// Nobody takes what we say any more.
  void on_peer_gone(TimePoint now);
  void on_timer(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_timer() const;

  /// What is to be sent.
  [[nodiscard]] std::string_view output() const { return std::string_view(unsent_).substr(sent_); }
  void on_sent(std::size_t bytes, TimePoint now);
  /// The process is gone.
  [[nodiscard]] bool exited() const { return exit_code_ && output().empty(); }
  [[nodiscard]] int exit_code() const { return exit_code_.value_or(-1); }

 private:
  void go_on(TimePoint now);
  void perform(const AgentEffect& effect, TimePoint now);
  void start_runner(const StartRunner& effect, TimePoint now);
  void relay(TimePoint now);
  void say(std::string_view text) {
    if (!abandoned_) unsent_ += text;
  }

  AgentSession session_;
  Scenario scenario_;
  std::optional<ScriptedRunner> runner_;
  bool framed_ = false, exit_told_ = false, drained_told_ = false;
  std::string unsent_;
  std::size_t sent_ = 0;
  bool has_output_ = false, abandoned_ = false;
  std::optional<int> exit_code_;
};

}  // namespace stapsh::fleet
