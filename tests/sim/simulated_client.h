// SPDX-License-Identifier: Apache-2.0
// The client's shell without a system: performs a ClientSession's effects on two links.
#pragma once

#include <optional>
#include <string>

#include "link.h"
#include "plan.h"

namespace stapsh::sim {

class SimulatedClient {
 public:
  SimulatedClient(const Plan& plan, Link& in, Link& out) : plan_(plan), session_(plan.client), in_(in), out_(out) {}

  void start(TimePoint now);
  [[nodiscard]] bool can_read() const { return !outcome_ && !in_.empty(); }
  void read(std::size_t count, TimePoint now);
  [[nodiscard]] bool can_send() const { return !unsent_.empty() && out_.room() > 0; }
  void send(TimePoint now);
  /// The module is built, the others are ready: what the session waits for.
  [[nodiscard]] bool can_answer(TimePoint now) const { return answer_at_ && now >= *answer_at_; }
  void answer(TimePoint now);
  [[nodiscard]] bool can_see_end() const { return !outcome_ && in_.at_end(); }
  void see_end(TransportEnd end, TimePoint now);
  void stop(TimePoint now);
  void abandon(TimePoint now);
  void pause_receiving(TimePoint now) { session_.on_receive_paused(now); }
  void on_timer(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_timer() const;

  [[nodiscard]] const std::optional<Outcome>& outcome() const { return outcome_; }
  [[nodiscard]] const std::string& output(Stream stream) const { return output_[stream == Stream::kStdout ? 0 : 1]; }
  /// It closed its input before all was sent.
  [[nodiscard]] bool dropped_input() const { return dropped_input_; }
  /// When it last read something.
  [[nodiscard]] TimePoint last_heard() const { return last_heard_; }
  [[nodiscard]] std::size_t commands() const { return commands_; }
  [[nodiscard]] const std::string& story() const { return story_; }
  std::string breach;

 private:
  void perform(TimePoint now);
  void count_commands(std::string_view bytes);
  void check_clock(const std::optional<ClockReading>& clock);

  const Plan& plan_;
  ClientSession session_;
  Link& in_;
  Link& out_;
  std::string unsent_;
  bool closed_ = false;
  bool dropped_input_ = false;
  std::optional<TimePoint> answer_at_;
  std::optional<Outcome> outcome_;
  std::string output_[2];
  TimePoint last_heard_{};
  std::size_t commands_ = 0;
  std::string story_;
};

}  // namespace stapsh::sim
