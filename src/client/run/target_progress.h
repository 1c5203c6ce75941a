// SPDX-License-Identifier: Apache-2.0
// What one target is at and what became of it, as the rest of the run may know it; each change is an event.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "client/events/event.h"
#include "client/run/run_context.h"
#include "client/run/trace_timer.h"

namespace stapsh::client {

class TargetProgress {
 public:
  TargetProgress(const RunContext& context, std::size_t index)
      : context_(context), index_(index), trace_timer_(context.io, trace_time(context.options)) {}

  void set_state(TargetState state);
  void set_outcome(Outcome outcome);
  /// Nobody is told.
  void force_outcome(Outcome outcome) { outcome_ = std::move(outcome); }
  /// It goes on after all: another try, or a question.
  void reopen();
  /// The run is over; whether anything is left of it is asked.
  void note_proving() { proving_ = true; }
  /// It was sent something that can be left there.
  void note_touched() { touched_ = true; }
  /// An agent is on its way there: until it greets, something of it can be left.
  void note_arriving(bool arriving) { arriving_ = arriving; }
  /// Who removes it said that this is still there.
  void note_left(LeftLine left) { left_.push_back(std::move(left)); }
  /// An agent was brought there, and stays at `path`.
  void note_kept(std::string path) { kept_ = std::move(path); }
  /// Modules stay there, in `folder`.
  void note_kept_modules(std::string folder) { kept_modules_ = std::move(folder); }
  /// Its runner was asked for: it has begun, or does any moment.
  void note_begun() { begun_ = true; }
  /// All that was asked of it is done without a runner: its stop is then an end with `code`.
  void set_done(int code) { done_code_ = code; }
  /// --dry-run: what would run.
  void set_plan(std::string plan) {
    plan_ = std::move(plan);
    set_done(0);
  }
  /// Why it is stopped, if it does not begin; the first reason counts. None: a person wanted it so.
  void set_stop_reason(std::string reason) {
    if (stop_reason_.empty()) stop_reason_ = std::move(reason);
  }
  /// How its time is over; see TraceTimer.
  void set_on_due(std::function<void(bool traced)> on_due) { trace_timer_.set_on_due(std::move(on_due)); }
  /// Its probes never were attached: however its runner ends, it has failed.
  void set_never_traced(std::string reason) { never_traced_ = std::move(reason); }
  /// Once: it will not be ready any more, or is.
  void leave_gate(bool ready);
  /// It will not begin, whether or not it was ready, unless it has begun.
  void lose_gate();

  void emit(Event::What what);
  /// Many follow: who takes them waits for hub.on_pause().
  void emit_output(Stream stream, std::string_view bytes, std::optional<WallTime> time = {});
  /// The last event.
  void emit_end();
  /// For who wants details (-v).
  void note(std::string text);
  void warn(std::string text);
  /// Each line of what led to the target said, as its words.
  void tell_lines(std::string_view text);
  /// What its runner is at while it stops.
  void note_work(const WorkingLine& work);

  [[nodiscard]] TargetState state() const { return state_; }
  /// With what its runner is at while it stops: "stopping: bpftrace detaches, 120 of 361 left".
  [[nodiscard]] std::string state_text() const;
  /// Whether its runner has begun.
  [[nodiscard]] bool has_run() const { return has_run_; }
  [[nodiscard]] const std::string& plan() const { return plan_; }
  /// Bytes that its runner wrote on standard output so far.
  [[nodiscard]] std::uint64_t stdout_bytes() const { return output_bytes_[0]; }
  [[nodiscard]] bool has_begun() const { return begun_ || has_run_; }
  [[nodiscard]] const std::optional<Outcome>& outcome() const { return outcome_; }

 private:
  RunContext context_;
  std::size_t index_;
  TargetState state_ = TargetState::kConnecting;
  bool has_told_state_ = false;
  std::optional<Outcome> outcome_;
  bool has_run_ = false;
  bool begun_ = false;
  bool touched_ = false;
  bool arriving_ = false;
  std::vector<LeftLine> left_;
  TraceTimer trace_timer_;
  std::string stop_reason_, never_traced_, plan_, kept_, kept_modules_;
  std::optional<int> done_code_;
  bool proving_ = false;
  bool gate_left_ = false;
  std::string doing_;       // What its runner is at while it stops,
  TimePoint note_work_at_;  // and when a person may be told again.
  std::uint64_t output_bytes_[2] = {};
};

}  // namespace stapsh::client
