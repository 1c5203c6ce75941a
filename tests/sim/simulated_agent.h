// SPDX-License-Identifier: Apache-2.0
// The agent's shell without a system: performs an AgentSession's effects on simulated files, a simulated
// runner and two links. Each public method is one thing that an event loop could do now.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "link.h"
#include "plan.h"
#include "simulated_runner.h"

namespace stapsh::sim {

class SimulatedAgent {
 public:
  SimulatedAgent(const Plan& plan, Link& in, Link& out) : plan_(plan), session_(plan.agent), in_(in), out_(out) {
    session_.on_start(TimePoint{});
  }

  [[nodiscard]] bool can_read() const;
  void read(std::size_t count, TimePoint now);
  [[nodiscard]] bool can_flush() const { return !ended_ && !abandoned_ && !outbox_.empty() && out_.room() > 0; }
  void flush(TimePoint now);
  [[nodiscard]] bool can_relay() const;
  void relay(TimePoint now, Random& random);
  [[nodiscard]] bool runner_can_act(TimePoint now) const;
  void let_runner_act(TimePoint now, Random& random);
  /// Learns that nobody reads what it sends.
  [[nodiscard]] bool can_lose_peer() const { return !ended_ && out_.broken() && !peer_lost_; }
  void lose_peer(TimePoint now);
  void request_stop(TimePoint now);
  void on_timer(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_timer(TimePoint now) const;
  /// The process is gone: after the last lines, or when nobody took them within the grace time.
  [[nodiscard]] bool exited(TimePoint now) const {
    return ended_ && (outbox_.empty() || abandoned_ || out_.broken() || now >= exits_at_);
  }
  void flush_last_lines();

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] int exit_code() const { return exit_code_; }
  [[nodiscard]] const SimulatedRunner* runner() const { return runner_.get(); }
  [[nodiscard]] const std::optional<StartRunner>& started() const { return started_; }
  [[nodiscard]] const std::map<std::string, std::string>& files() const { return files_; }
  [[nodiscard]] bool file_failed() const { return file_failed_; }
  [[nodiscard]] bool discarded() const { return discarded_; }
  /// It cleaned up, and looked: nothing was left.
  [[nodiscard]] bool proved_clean() const { return proved_clean_; }
  /// Its runner ran, and nobody had asked for the end, when a signal came.
  [[nodiscard]] bool cut_short() const { return cut_short_; }
  [[nodiscard]] std::size_t replies() const { return replies_; }
  [[nodiscard]] const std::string& story() const { return story_; }
  /// What the runner said on streams that the transport carries by itself.
  std::string rich_standard_error;
  /// The first rule that was broken; empty while none is.
  std::string breach;

 private:
  void perform(TimePoint now);
  void perform(const AgentEffect& effect, TimePoint now);
  void check_last_words(std::string_view line);
  void check_signal(const SignalRunner& effect);
  void create_file(const CreateFile& effect);
  void start_runner(const StartRunner& effect, TimePoint now);
  void notice_ends(TimePoint now);
  bool file_step_fails(std::string_view step) const;

  const Plan& plan_;
  AgentSession session_;
  Link& in_;
  Link& out_;
  std::string outbox_;
  bool outbox_has_output_ = false;
  bool abandoned_ = false, discarded_ = false, peer_lost_ = false, input_ended_ = false;

  std::map<std::string, std::string> files_;
  std::string file_name_;
  bool file_open_ = false, file_failed_ = false;
  std::size_t files_seen_ = 0;
  bool workspace_ = false;

  std::unique_ptr<SimulatedRunner> runner_;
  TimePoint looked_at_;  // At what the runner does.
  std::optional<StartRunner> started_;
  std::size_t signals_ = 0;
  bool exit_told_ = false, gone_told_ = false, drained_told_ = false;
  bool ended_ = false;
  int exit_code_ = -1;
  TimePoint exits_at_{};
  std::size_t replies_ = 0;
  int last_words_ = 0;  // Of `stopped`, `clean` or `left`, `exit`, `quit`: how far it got.
  int rung_ = 0;        // The highest that a signal stood for.
  bool proved_clean_ = false;
  bool cut_short_ = false;
  std::string story_;
};

}  // namespace stapsh::sim
