// SPDX-License-Identifier: Apache-2.0
#include "client/run/target_progress.h"

#include <algorithm>
#include <utility>

#include "base/last_line.h"
#include "protocol/command.h"
#include "sys/clock.h"

namespace stapsh::client {
namespace {

constexpr Duration kWorkNotePause = std::chrono::seconds(5);

}  // namespace

void TargetProgress::emit(Event::What what) {
  context_.events.on_event({sys::wall_now(), index_, std::move(what)});
  context_.events.on_pause();
}

void TargetProgress::emit_output(Stream stream, std::string_view bytes, std::optional<WallTime> time) {
  if (stream == Stream::kStdout) trace_timer_.on_output();
  output_bytes_[static_cast<std::size_t>(stream)] += bytes.size();
  context_.events.on_event({sys::wall_now(), index_, event::Output{stream, bytes, time}});
}

void TargetProgress::emit_end() { emit(event::Ended{*outcome_, output_bytes_[0], output_bytes_[1]}); }

void TargetProgress::note(std::string text) { emit(event::Note{event::Note::Kind::kDetail, std::move(text)}); }

void TargetProgress::warn(std::string text) { emit(event::Note{event::Note::Kind::kWarning, std::move(text)}); }

void TargetProgress::tell_lines(std::string_view text) {
  for (std::size_t end = 0; !text.empty(); text.remove_prefix(std::min(text.size(), end + 1))) {
    end = text.find('\n');
    const std::string_view line = last_line(text.substr(0, end));  // ssh ends its lines with "\r\n".
    if (!line.empty()) emit(event::Note{event::Note::Kind::kForeign, printable(line)});
    if (end == std::string_view::npos) break;
  }
}

void TargetProgress::note_work(const WorkingLine& work) {
  const std::string before = std::exchange(doing_, work.name);
  if (work.probes) {
    doing_ += " detaches, " + std::to_string(work.probes->left) + " of " + std::to_string(work.probes->total) + " left";
  } else {
    doing_ += " still works";
  }
  const TimePoint now = sys::now();
  if (doing_ == before || now < note_work_at_) return;
  note_work_at_ = now + kWorkNotePause;
  note(doing_);
}

std::string TargetProgress::state_text() const {
  if (proving_) return "asking what is left";
  std::string text(state_name(state_));
  if (state_ == TargetState::kStopping && !doing_.empty()) text += ": " + doing_;
  return text;
}

void TargetProgress::set_state(TargetState state) {
  if (state_ == state && has_told_state_) return;
  has_told_state_ = true;
  state_ = state;
  has_run_ = has_run_ || state == TargetState::kRunning;
  if (state == TargetState::kRunning && !std::exchange(context_.started.happened, true)) {
    context_.started.event.announce();
  }
  if (state == TargetState::kRunning) trace_timer_.on_started();
  if (state == TargetState::kRunning && context_.canary != nullptr) context_.canary->note_running(index_);
  emit(event::StateChanged{state});
}

void TargetProgress::set_outcome(Outcome outcome) {
  trace_timer_.end();
  if (!never_traced_.empty() && outcome.kind == Outcome::Kind::kEnded) {
    outcome.kind = Outcome::Kind::kFailed;
    outcome.reason = never_traced_;
    outcome.exit_code.reset();
    outcome.signal = 0;
  }
  set_state(outcome.kind == Outcome::Kind::kFailed ? TargetState::kFailed : TargetState::kDone);
  if (outcome.kind == Outcome::Kind::kStopped && outcome.reason.empty()) outcome.reason = stop_reason_;
  const bool untouched = !touched_ && !arriving_ && left_.empty() && !has_run_ &&
                         outcome.kind != Outcome::Kind::kEnded && context_.options.action != Action::kSweep;
  if (untouched && outcome.remains == Outcome::Remains::kUnknown) outcome.remains = Outcome::Remains::kUntouched;
  if (outcome.kind == Outcome::Kind::kStopped && done_code_) {
    outcome.kind = Outcome::Kind::kEnded;
    outcome.exit_code = done_code_;
    outcome.reason.clear();
  }
  outcome.kept = kept_;
  outcome.kept_modules = kept_modules_;
  if (!left_.empty() && outcome.remains != Outcome::Remains::kUnknown) outcome.remains = Outcome::Remains::kLeft;
  outcome.left.insert(outcome.left.end(), left_.begin(), left_.end());
  left_.clear();
  outcome_ = std::move(outcome);
}

void TargetProgress::reopen() { outcome_.reset(); }

void TargetProgress::leave_gate(bool ready) {
  if (!std::exchange(gate_left_, true)) context_.gate.leave(ready);
}

void TargetProgress::lose_gate() {
  if (!gate_left_) return leave_gate(false);
  if (!has_begun()) context_.gate.lose();
}

}  // namespace stapsh::client
