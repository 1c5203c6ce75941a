// SPDX-License-Identifier: Apache-2.0
#include "simulated_agent.h"

#include <algorithm>
#include <csignal>

#include "session/effect_text.h"

namespace stapsh::sim {
namespace {

// As in the agent's loop: beyond it no further command is read.
constexpr std::size_t kRepliesBytesMax = 65'536;
constexpr Duration kLookPause = std::chrono::milliseconds(200);
const FoundRunners kRunners{{RunnerKind::kStaprun, false, "4.8"},
                            {RunnerKind::kStapbpf, false, "4.8"},
                            {RunnerKind::kStapdyn, false, ""},
                            {RunnerKind::kBpftrace, false, "0.17.0"}};
const Error kFault{Errc::kSystem, "a simulated fault"};

}  // namespace

bool SimulatedAgent::can_read() const {
  const bool blocked = !session_.runner_lives() && outbox_.size() > kRepliesBytesMax;
  return !ended_ && !input_ended_ && !blocked && (!in_.empty() || in_.at_end());
}

void SimulatedAgent::read(std::size_t count, TimePoint now) {
  if (in_.at_end()) {
    input_ended_ = true;
    session_.on_end_of_input(now);
    return perform(now);
  }
  const std::string bytes = in_.read(count);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::size_t taken = session_.on_bytes(rest, now);
    const bool progress = taken > 0;
    rest.remove_prefix(taken);
    perform(now);
    if (!progress && !session_.wants_input() && !session_.ended()) {
      breach = "the session takes no input, and no outcome is missing";
      return;
    }
  }
  notice_ends(now);
}

void SimulatedAgent::flush(TimePoint now) {
  const std::size_t sent = out_.write(outbox_);
  outbox_.erase(0, sent);
  // Only the runner's output counts: with keepalive, our own pings would put off the next rung for ever.
  if (sent > 0 && outbox_has_output_) session_.on_output_progress(sent, now);
  if (outbox_.empty()) outbox_has_output_ = false;
  notice_ends(now);
}

void SimulatedAgent::flush_last_lines() { outbox_.erase(0, out_.write(outbox_)); }

bool SimulatedAgent::can_relay() const {
  if (!runner_ || ended_) return false;
  const bool out_waits = !runner_->pipe(Stream::kStdout).bytes.empty();
  const bool err_waits = !runner_->pipe(Stream::kStderr).bytes.empty();
  if (!out_waits && !err_waits) return false;
  if (abandoned_) return true;
  if (!outbox_.empty() && !out_.broken()) return false;  // A reply is out before the first byte of output.
  return started_->framed || err_waits || out_.room() > 0 || out_.broken();
}

void SimulatedAgent::relay(TimePoint now, Random& random) {
  SimulatedRunner::Pipe& out = runner_->pipe(Stream::kStdout);
  SimulatedRunner::Pipe& err = runner_->pipe(Stream::kStderr);
  if (!started_->framed) {
    // The runner's own descriptors: the agent is not in between.
    rich_standard_error += std::exchange(err.bytes, {});
    if (out_.broken()) {
      runner_->break_pipes();
      out.bytes.clear();
    }
    out.bytes.erase(0, out_.write(out.bytes));
  } else if (abandoned_) {
    out.bytes.clear();
    err.bytes.clear();
  } else {
    const bool from_err = out.bytes.empty() || (!err.bytes.empty() && random.chance(50));
    SimulatedRunner::Pipe& pipe = from_err ? err : out;
    const std::size_t count = random.between(1, pipe.bytes.size());
    DataLine header{from_err ? Stream::kStderr : Stream::kStdout, count, std::nullopt};
    if (session_.timed()) header.time = now.time_since_epoch();
    outbox_ += format_agent_line(header);
    outbox_.append(pipe.bytes, 0, count);
    outbox_has_output_ = true;
    pipe.bytes.erase(0, count);
  }
  notice_ends(now);
}

bool SimulatedAgent::runner_can_act(TimePoint now) const {
  if (!runner_ || !runner_->can_act(now)) return false;
  // Without frames there is no pipe: what is in it stands for a write that has not returned yet.
  const bool writing = !runner_->pipe(Stream::kStdout).bytes.empty() || !runner_->pipe(Stream::kStderr).bytes.empty();
  return started_->framed || abandoned_ || !writing;
}

void SimulatedAgent::let_runner_act(TimePoint now, Random& random) {
  runner_->act(now, random);
  notice_ends(now);
}

void SimulatedAgent::notice_ends(TimePoint now) {
  if (!runner_ || ended_) return;
  if (runner_->exit_code() && !started_->framed) {
    // Killed in mid-write: the rest was never written.
    for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
      SimulatedRunner::Pipe& pipe = runner_->pipe(stream);
      pipe.produced.resize(pipe.produced.size() - pipe.bytes.size());
      pipe.bytes.clear();
    }
  }
  if (runner_->exit_code() && !std::exchange(exit_told_, exit_told_ || runner_->exit_code())) {
    session_.on_runner_exited(*runner_->exit_code(), runner_->signalled(), now);
  }
  if (exit_told_ && !gone_told_ && !runner_->straggler_alive()) {
    gone_told_ = true;
    session_.on_descendants_gone(now);
  }
  const bool empty = runner_->pipe(Stream::kStdout).bytes.empty() && runner_->pipe(Stream::kStderr).bytes.empty();
  if (gone_told_ && !drained_told_ && (empty || !started_->framed) && (outbox_.empty() || abandoned_)) {
    drained_told_ = true;
    session_.on_output_drained();
  }
  perform(now);
}

void SimulatedAgent::lose_peer(TimePoint now) {
  peer_lost_ = true;
  abandoned_ = true;
  outbox_.clear();
  session_.on_peer_gone(now);
  perform(now);
  notice_ends(now);
}

void SimulatedAgent::request_stop(TimePoint now) {
  cut_short_ = runner_ && runner_->runner_alive() && rung_ == 0;
  session_.on_stop_requested("signal 15", now);
  perform(now);
  notice_ends(now);
}

void SimulatedAgent::on_timer(TimePoint now) {
  if (session_.wants_activity() && runner_ && now >= looked_at_ + kLookPause) {
    looked_at_ = now;
    session_.on_activity(runner_->works(now) ? Activity::kWorks : Activity::kNone, {"runner", {}}, now);
  }
  session_.on_timer(now);
  perform(now);
  notice_ends(now);
}

std::optional<TimePoint> SimulatedAgent::next_timer(TimePoint now) const {
  std::optional<TimePoint> next = session_.next_timer();
  const auto earlier = [&](std::optional<TimePoint> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  if (runner_ && !ended_) earlier(runner_->next_at(now));
  if (session_.wants_activity()) earlier(std::max(now, looked_at_ + kLookPause));
  if (ended_ && !exited(now)) earlier(exits_at_);
  return next;
}

void SimulatedAgent::perform(TimePoint now) {
  while (std::optional<AgentEffect> effect = session_.next_effect()) {
    if (ended_ && breach.empty()) breach = "an effect after EndSession: " + effect_text(*effect);
    const auto* line = std::get_if<SendLine>(&*effect);
    const bool ping = line && line->line == "ping\n";
    if (!ping && !std::holds_alternative<WriteFile>(*effect)) append_text(story_, effect_text(*effect));
    perform(*effect, now);
  }
}

bool SimulatedAgent::file_step_fails(std::string_view step) const {
  return plan_.fault == Plan::Fault::kFile && plan_.failing_file_step == step && files_seen_ == plan_.failing_file + 1;
}

void SimulatedAgent::create_file(const CreateFile& effect) {
  ++files_seen_;
  workspace_ = true;
  file_name_ = effect.name;
  if (file_step_fails("create") || files_.contains(effect.name)) return session_.on_file_failed(kFault);
  file_open_ = true;
  files_[file_name_] = {};
}

void SimulatedAgent::start_runner(const StartRunner& effect, TimePoint now) {
  if (plan_.fault == Plan::Fault::kStart) return session_.on_runner_failed(kFault, now);
  started_ = effect;
  if (plan_.fault == Plan::Fault::kLateStart) {
    session_.on_runner_starting();
    perform(now);
    session_.on_runner_failed(kFault, now);
    session_.on_output_drained();
    return;
  }
  runner_ =
      std::make_unique<SimulatedRunner>(plan_.runner, plan_.pipe_capacity, runner_entry(effect.kind).stop_signal, now);
  session_.on_runner_starting();
}

// At the end `clean` or all that is left, then `exit`, then `quit`, and no line after that.
void SimulatedAgent::check_last_words(std::string_view line) {
  const int word = line == "quit\n"                                 ? 4
                   : line.starts_with("exit ")                      ? 3
                   : line == "clean\n" || line.starts_with("left ") ? 2
                   : line.starts_with("stopped ")                   ? 1
                                                                    : 0;
  const bool again = word == 2 && last_words_ == 2 && line != "clean\n";
  if (word <= last_words_ && last_words_ > 0 && !again) breach = "after the last words: " + std::string(line);
  last_words_ = std::max(last_words_, word);
}

// A living runner is told by its own stop signal first, then by SIGTERM, then by SIGKILL.
void SimulatedAgent::check_signal(const SignalRunner& effect) {
  if (!runner_ || !runner_->runner_alive()) return;
  const bool is_stop = effect.signo == runner_entry(started_->kind).stop_signal && !effect.everyone;
  const int rung = is_stop ? 1 : effect.signo == SIGTERM ? 2 : effect.signo == SIGKILL ? 3 : 0;
  if (rung == 0 || rung > rung_ + 1) breach = "signal " + std::to_string(effect.signo) + ", and it was not its turn";
  rung_ = std::max(rung_, rung);
}

void SimulatedAgent::perform(const AgentEffect& effect, TimePoint now) {
  std::visit(Overloaded{
                 [&](const SendLine& e) {
                   if (e.line.empty() || e.line.find('\n') != e.line.size() - 1) breach = "not one line: " + e.line;
                   check_last_words(e.line);
                   if (e.line.starts_with("OK") || e.line.starts_with("ERROR") || e.line.starts_with("stapsh "))
                     ++replies_;
                   if (!abandoned_) outbox_ += e.line;
                 },
                 [&](const SayClock&) {
                   ++replies_;
                   if (!abandoned_) outbox_ += clock_answer(now.time_since_epoch());
                 },
                 [&](const SayEnvironment& e) {
                   ++replies_;
                   TargetEnvironment environment;
                   environment.policy = e.policy;
                   if (!abandoned_) outbox_ += environment_answer(environment);
                 },
                 [&](const Report&) {},
                 [&](const CreateFile& e) { create_file(e); },
                 [&](const WriteFile& e) {
                   if (!file_open_) return;
                   if (file_step_fails("write")) return session_.on_file_failed(kFault);
                   files_[file_name_] += e.bytes;
                 },
                 [&](const CommitFile&) {
                   if (!file_open_) return;
                   file_open_ = false;
                   if (file_step_fails("commit")) return session_.on_file_failed(kFault);
                   session_.on_file_done();
                 },
                 [&](const BeginKeeping&) { session_.on_no_keeping(kFault); },
                 [&](const TakeKept&) { breach = "a kept file, and none is kept"; },
                 [&](const AbandonFile&) {
                   file_failed_ = true;
                   file_open_ = false;
                   files_.erase(file_name_);
                 },
                 [&](const StartRunner& e) {
                   if (started_) breach = "a second runner";
                   start_runner(e, now);
                 },
                 [&](const SignalRunner& e) {
                   if (!started_) breach = "a signal without a runner";
                   check_signal(e);
                   // What the runner writes before it is told is written.
                   if (runner_) runner_->signal(e.signo, e.everyone, now);
                   if (++signals_ > 1'000) breach = "signals without end";
                 },
                 [&](const DiscardOutput&) {
                   discarded_ = true;
                   abandoned_ = true;
                   outbox_.clear();
                 },
                 [&](const CleanUp&) {
                   const bool alive = runner_ && (runner_->runner_alive() || runner_->straggler_alive());
                   if (alive && !plan_.runner.immortal) breach = "cleaned up with a process alive";
                   files_.clear();
                   file_open_ = false;
                   workspace_ = false;
                   proved_clean_ = !alive;
                   session_.on_cleaned_up(alive ? std::vector{LeftLine{"process", "42"}} : std::vector<LeftLine>{});
                 },
                 [&](const WriteLog&) {},  // The world has no log.
                 [&](const FindRunners&) { session_.on_runners_found(kRunners); },
                 [&](const VerifySignatures&) { breach = "signatures that nobody sent"; },
                 [&](const Sweep&) { breach = "a sweep that nobody asked for"; },
                 [&](const EndSession& e) {
                   if (workspace_ || file_open_) breach = "a workspace is left";
                   ended_ = true;
                   exit_code_ = e.exit_code;
                   exits_at_ = now + plan_.agent.stop_times.grace;
                 },
             },
             effect);
}

}  // namespace stapsh::sim
