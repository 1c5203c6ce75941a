// SPDX-License-Identifier: Apache-2.0
#include "client/run/target_run.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>

#include "base/overloaded.h"
#include "base/parse_seconds.h"
#include "client/async/child_output.h"
#include "client/run/clock_offset.h"
#include "client/run/run_arguments.h"
#include "protocol/command.h"
#include "protocol/session_id.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/random_name.h"

namespace stapsh::client {
namespace {

// What a transport may take to end once its agent has: then it is killed.
constexpr Duration kTransportEndLimit = std::chrono::seconds(3);
// What may be tidied in: its own limits are below. Somebody who gave up waiting waits no longer than for a transport.
constexpr Duration kTidyLimit = std::chrono::seconds(10);
// A stop has three rungs of a grace each, at which a runner need not say a word.
constexpr int kGracesOfPatience = 5;
constexpr Duration kWorkNotePause = std::chrono::seconds(5);
constexpr std::size_t kEarlyErrorBytesMax = 16'384;
// One target's share of a turn, so that a flood from one does not starve forty.
constexpr int kReadsPerTurn = 4;

ClientSettings session_settings(const RstapOptions& options, const std::string& session, bool rich, bool sweep_only) {
  ClientSettings settings;
  settings.limits = options.limits;
  settings.force_rfc = options.dialect == Dialect::kRfc;
  settings.transport_is_rich = rich;
  settings.verbose = options.job.verbosity > 1 ? options.job.verbosity - 1 : 0;  // Once less, as stap has it.
  if (options.connect_timeout) settings.connect_timeout = *options.connect_timeout;
  if (options.grace) {
    settings.grace = format_seconds(*options.grace);
    settings.stop_timeout = std::max<Duration>(settings.stop_timeout, kGracesOfPatience * *options.grace);
    settings.stop_patience = std::max<Duration>(settings.stop_patience, kGracesOfPatience * *options.grace);
  }
  settings.stop_limit = format_seconds(options.runner_stop_times().limit);
  if (options.deadline) settings.deadline = format_seconds(*options.deadline);
  if (options.keepalive) settings.keepalive = *options.keepalive;
  settings.want_time = options.output.wants_agent_time();
  settings.want_clock = !sweep_only;
  settings.want_proof = true;
  settings.want_reason = true;
  settings.want_progress = true;
  settings.session = session;
  settings.sweep_only = sweep_only;
  return settings;
}

void cancel(std::optional<Descriptor>& descriptor) {
  asio::error_code ignored;  // It is closed already.
  if (descriptor) (void)descriptor->cancel(ignored);
}

std::string_view last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

void TargetRun::emit(Event::What what) {
  context_.events.on_event({sys::wall_now(), target_.index, std::move(what)});
  context_.events.on_pause();
}

void TargetRun::emit_output(Stream stream, std::string_view bytes, std::optional<WallTime> time) {
  output_bytes_[static_cast<std::size_t>(stream)] += bytes.size();
  context_.events.on_event({sys::wall_now(), target_.index, event::Output{stream, bytes, time}});
}

void TargetRun::emit_connected(const Connected& connected) {
  event::Connected event{connected.hello.release, connected.hello.machine, "stapsh " + connected.hello.version, {}, {}};
  if (connected.clock) {
    const ClockOffset clock = clock_offset(*connected.clock, sys::now(), sys::wall_now());
    event.clock_offset = clock.offset;
    event.clock_uncertainty = clock.uncertainty;
  }
  emit(std::move(event));
}

void TargetRun::note(std::string text) { emit(event::Note{event::Note::Kind::kDetail, std::move(text)}); }

void TargetRun::note_work(const WorkingLine& work) {
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

std::string TargetRun::state_text() const {
  if (proving_) return "asking what is left";
  std::string text(state_name(state_));
  if (state_ == TargetState::kStopping && !doing_.empty()) text += ": " + doing_;
  return text;
}

void TargetRun::set_state(TargetState state) {
  if (state_ == state) return;
  state_ = state;
  has_run_ = has_run_ || state == TargetState::kRunning;
  if (state == TargetState::kRunning && !std::exchange(context_.started.happened, true)) {
    context_.started.event.announce();
  }
  emit(event::StateChanged{state});
}

void TargetRun::set_outcome(Outcome outcome) {
  set_state(outcome.kind == Outcome::Kind::kFailed ? TargetState::kFailed : TargetState::kDone);
  const bool untouched =
      !touched_ && !has_run_ && outcome.kind != Outcome::Kind::kEnded && context_.options.action == Action::kRun;
  if (untouched && outcome.remains == Outcome::Remains::kUnknown) outcome.remains = Outcome::Remains::kUntouched;
  outcome_ = std::move(outcome);
}

void TargetRun::leave_gate(bool ready) {
  if (!std::exchange(gate_left_, true)) context_.gate.leave(ready);
}

template <typename Coroutine>
void TargetRun::spawn(Coroutine coroutine) {
  ++helpers_;
  asio::co_spawn(context_.io, std::move(coroutine), [this](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
    --helpers_;
    idle_.announce();
  });
}

Awaitable<> TargetRun::run() {
  // Without one, a lost session is asked after by what all dead ones left.
  if (context_.options.action == Action::kRun) session_id_ = sys::random_name(kSessionIdCharacters).value_or("");
  host_ = transport_->host();
  for (unsigned tries = 0;; ++tries) {
    co_await attempt(context_.options.action == Action::kSweep);
    const bool failed = outcome_ && outcome_->kind == Outcome::Kind::kFailed;
    if (!failed || stopping_ || module_ || tries >= retries_worth(outcome_->reason)) break;
    note("connecting again: " + outcome_->reason);
    outcome_.reset();
    set_state(TargetState::kConnecting);
    // Longer each time, and not all targets at the same moment.
    const auto pause = std::chrono::milliseconds((50U << std::min(tries, 5U)) + target_.index * 7 % 50);
    timer_.expires_after(pause);
    (void)co_await timer_.async_wait(kAsTuple);
    armed_.reset();
    if (stopping_) {
      set_outcome({Outcome::Kind::kStopped, std::nullopt, {}});
      break;
    }
  }
  leave_gate(false);
  if (!untidy_.empty()) co_await tidy();
  const bool lost = outcome_->kind == Outcome::Kind::kFailed && module_ && !abandoned_;
  if (lost && outcome_->remains == Outcome::Remains::kUnknown && sweepable_) co_await prove_clean();
  // The last line is the reason; a warning of ssh in twenty lines is shown whole.
  const std::string_view early = early_errors_;
  const std::string_view last = last_line(early);
  if (outcome_->kind == Outcome::Kind::kFailed && !last.empty()) {
    say_lines(early.substr(0, static_cast<std::size_t>(last.data() - early.data())));
  }
  emit_end();
}

void TargetRun::emit_end() { emit(event::Ended{*outcome_, output_bytes_[0], output_bytes_[1]}); }

void TargetRun::say_lines(std::string_view text) {
  for (std::size_t end = 0; !text.empty(); text.remove_prefix(std::min(text.size(), end + 1))) {
    end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty()) emit(event::Note{event::Note::Kind::kWarning, printable(line)});
    if (end == std::string_view::npos) break;
  }
}

// The session was lost on the way: is anything of it still there? One more connection asks, and
// waits for what is still stopping.
Awaitable<> TargetRun::prove_clean() {
  Outcome lost = *std::exchange(outcome_, std::nullopt);
  note("connecting again, to see that nothing is left");
  proving_ = true;
  co_await attempt(true);
  lost.remains = outcome_->remains;
  lost.left = std::move(outcome_->left);
  if (lost.remains == Outcome::Remains::kUnknown) lost.reason += "; it could not be asked whether anything is left";
  set_outcome(std::move(lost));
}

// A transport was killed, or could not do its last duty: another one sees to it.
Awaitable<> TargetRun::tidy() {
  const std::string left = std::exchange(untidy_, {});
  std::string why = "no answer";
  Result<Connection> tidier = transport_->open_tidier();
  if (tidier) {
    const std::optional<int> code =
        co_await wait_child(context_.io, *tidier->child, abandoned_ ? kTransportEndLimit : kTidyLimit);
    if (code == 0) co_return;
    std::array<char, 4'096> buffer;
    const Result<sys::IoResult> got = sys::read_some(tidier->errors.get(), buffer);
    if (got && got->bytes > 0) why = printable(last_line({buffer.data(), got->bytes}));
  } else {
    why = tidier.error().what;
  }
  emit(event::Note{event::Note::Kind::kWarning, left + ": " + why});
}

Awaitable<> TargetRun::attempt(bool sweep_only) {
  co_await context_.slots.acquire(host_);
  holds_slot_ = true;
  if (stopping_ && !sweep_only) {
    release_slot();
    set_outcome({Outcome::Kind::kStopped, std::nullopt, {}});
    co_return;
  }
  early_errors_.clear();
  stream_error_.clear();
  Result<Connection> opened = transport_->open(context_.options.reach, context_.targets);
  if (!opened) {
    release_slot();
    set_outcome({Outcome::Kind::kFailed, std::nullopt, opened.error().what});
    co_return;
  }
  connection_ = *std::move(opened);
  session_.emplace(session_settings(context_.options, session_id_, connection_.rich, sweep_only));
  from_agent_.emplace(context_.io, connection_.from_agent.release());
  to_agent_.emplace(context_.io, std::move(connection_.to_agent));
  if (connection_.errors.valid()) {
    errors_.emplace(context_.io, connection_.errors.release());
    spawn(read_errors());
  }
  session_->on_start_of_transport(sys::now());
  drain_effects();
  if (connection_.connecting) co_await finish_connecting();
  spawn(write_input());
  if (!connection_.connecting) co_await read_output();
  const TransportEnd end = co_await close_transport();
  session_->on_transport_end(end);
  drain_effects();
  timer_.cancel();
  // One that waits at the gate for others must not keep them waiting for it.
  if (outcome_ && module_) leave_gate(false);
  while (helpers_ > 0) co_await idle_.wait();
  release_slot();
}

// The session's timer bounds it, and a person's ctrl-C: both cancel the wait.
Awaitable<> TargetRun::finish_connecting() {
  (void)co_await from_agent_->async_wait(Descriptor::wait_write, kAsTuple);
  if (session_->ended()) co_return;
  const Result<> connected = transport_->connected(from_agent_->native_handle());
  connection_.connecting = !connected;
  if (connected) co_return;
  early_errors_ = connected.error().what;  // The reason, as ssh's last words are.
  to_agent_->end();
}

Awaitable<> TargetRun::read_output() {
  while (!session_->ended()) {
    if (context_.events.full()) co_await context_.events.wait_room();
    if (session_->ended()) break;  // While we waited: a timeout.
    (void)co_await from_agent_->async_wait(Descriptor::wait_read, kAsTuple);
    for (int i = 0; i < kReadsPerTurn && !session_->ended() && !context_.events.full(); ++i) {
      const Result<sys::IoResult> got = sys::read_some(from_agent_->native_handle(), context_.scratch);
      if (!got) stream_error_ = got.error().what;
      if (!got || got->end) co_return;
      if (got->would_block) break;
      session_->on_bytes(std::string_view(context_.scratch).substr(0, got->bytes), sys::now());
      drain_effects();
      context_.events.on_pause();
    }
  }
}

Awaitable<> TargetRun::read_errors() {
  std::array<char, 4'096> buffer;
  while (true) {
    const auto [error, size] = co_await errors_->async_read_some(asio::buffer(buffer), kAsTuple);
    if (error) co_return;
    on_errors(std::string_view(buffer.data(), size));
  }
}

// Before the runner runs it is ssh that speaks, or the agent; its last line is often the reason of a failure.
void TargetRun::on_errors(std::string_view bytes) {
  // (A released agent's runner can speak before its OK is read.)
  const bool started =
      session_->phase() == ClientSession::Phase::kRunning || session_->phase() == ClientSession::Phase::kStarting;
  if (started && connection_.rich) {
    emit_output(Stream::kStderr, bytes);
    context_.events.on_pause();
    return;
  }
  early_errors_.append(bytes.substr(0, kEarlyErrorBytesMax - early_errors_.size()));
}

Awaitable<> TargetRun::write_input() {
  const Result<> wrote = co_await to_agent_->write([this] {
    session_->on_send_progress(sys::now());
    arm_timer();
  });
  // Why nobody reads any more shows at the other end. But where nothing is answered, the end of a runner that was
  // never asked for must not pass for one.
  if (!wrote) stream_error_ = wrote.error().what;
}

void TargetRun::drain_effects() {
  while (std::optional<ClientEffect> effect = session_->next_effect()) {
    std::visit(Overloaded{
                   [&](SendBytes& e) { to_agent_->send(std::move(e.bytes)); },
                   [&](const SendFile& e) {
                     touched_ = true;
                     to_agent_->send(module_->files[e.index].content);
                   },
                   [&](const CloseInput&) {
                     if (to_agent_->owes()) stream_error_ = "stopped before all commands were sent";
                     to_agent_->end();
                   },
                   [&](const Output& e) { emit_output(e.stream, e.bytes, e.time); },
                   [&](const Note& e) { note(e.text); },
                   [&](const Connected& e) {
                     release_slot();
                     emit_connected(e);
                     if (!early_errors_.empty()) note(std::string(last_line(early_errors_)));
                     set_state(TargetState::kBuilding);
                     spawn(get_module(e.hello));
                   },
                   [&](const Ready&) {
                     set_state(TargetState::kReady);
                     spawn(start_when_due());
                   },
                   [&](const Started&) { set_state(stopping_ ? TargetState::kStopping : TargetState::kRunning); },
                   [&](const Working& e) { note_work(e.what); },
                   [&](Finished& e) {
                     explain_silence(e.outcome);
                     set_outcome(std::move(e.outcome));
                     to_agent_->end();
                     cancel(from_agent_);
                   },
               },
               *effect);
  }
  arm_timer();
}

// Nobody said hello: the transport may know why.
void TargetRun::explain_silence(Outcome& outcome) const {
  if (outcome.kind != Outcome::Kind::kFailed || state_ != TargetState::kConnecting || abandoned_) return;
  const std::string words = printable(last_line(early_errors_));
  outcome.reason = transport_->explain_silence({outcome.reason, words, from_agent_->is_open()});
}

Awaitable<> TargetRun::get_module(HelloLine hello) {
  KernelId kernel{hello.release, hello.machine};
  const Result<std::shared_ptr<const Module>> module = co_await context_.builds.module_for(std::move(kernel));
  if (session_->ended() || stopping_) co_return;
  if (!module) {
    session_->on_module_failed(module.error().what);
    co_return drain_effects();
  }
  module_ = *module;
  Upload upload;
  Result<std::vector<std::string>> args = runner_arguments(
      context_.options.job, module_->kind, session_->agent_version(), module_->name(), target_.index, target_.text);
  if (!args) {
    session_->on_module_failed(args.error().what);
    co_return drain_effects();
  }
  upload.run_args = *std::move(args);
  upload.runner = module_->kind;
  for (const ModuleFile& file : module_->files) upload.files.push_back({file.name, file.content->size()});
  set_state(TargetState::kSending);
  sweepable_ = session_->agent_is_ours();
  session_->on_module_ready(std::move(upload), sys::now());
  drain_effects();
}

Awaitable<> TargetRun::start_when_due() {
  leave_gate(true);
  co_await context_.gate.wait_open();
  if (session_->ended() || stopping_) co_return;
  session_->on_start(sys::now());
  drain_effects();
}

// The agent has nothing more to say, or we have nothing more to hear.
Awaitable<TransportEnd> TargetRun::close_transport() {
  TransportEnd end;
  to_agent_->end();
  asio::error_code ignored;  // Closing what was read loses nothing.
  (void)from_agent_->close(ignored);
  if (connection_.child) {
    end.exit_code = co_await wait_child(context_.io, *connection_.child, kTransportEndLimit);
    if (std::string left = transport_->may_leave(end.exit_code); !left.empty()) untidy_ = std::move(left);
    if (!end.exit_code) {
      kill_tree(*connection_.child);
      (void)co_await wait_child(context_.io, *connection_.child, kTransportEndLimit);
    }
  }
  if (errors_) {
    // All that its child wrote is in the pipe; a grandchild that holds it open has nothing to say to us.
    std::array<char, 4'096> buffer;
    while (true) {
      const Result<sys::IoResult> got = sys::read_some(errors_->native_handle(), buffer);
      if (!got || got->bytes == 0) break;
      on_errors(std::string_view(buffer.data(), got->bytes));
    }
    cancel(errors_);
  }
  const bool before_run = session_->phase() != ClientSession::Phase::kRunning;
  const bool greeted = session_->phase() != ClientSession::Phase::kConnecting;
  const bool way_failed = transport_->has_failed(end.exit_code);
  // An agent of ours says by itself how its runner ended. What was said before the run is no reason in it.
  const bool agent_killed = session_->agent_is_ours() && end.exit_code > 128;
  if (before_run || way_failed || agent_killed || !connection_.rich) {
    const bool has_words = before_run || !connection_.rich;
    const std::string words = has_words ? printable(last_line(early_errors_)) : std::string();
    end.reason = transport_->explain_end({end.exit_code, words, greeted});
  }
  if (end.reason.empty() && connection_.child && !end.exit_code) end.reason = "its command does not end";
  if (end.reason.empty()) end.reason = stream_error_;
  connection_.child.reset();
  co_return end;
}

void TargetRun::arm_timer() {
  const std::optional<TimePoint> when = session_->next_timer();
  if (when == armed_) return;
  armed_ = when;
  if (!when) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*when);
  timer_.async_wait([this](asio::error_code error) {
    if (error) return;
    armed_.reset();
    if (context_.events.full()) session_->on_receive_paused(sys::now());
    session_->on_timer(sys::now());
    drain_effects();
  });
}

void TargetRun::release_slot() {
  if (std::exchange(holds_slot_, false)) context_.slots.release(host_);
}

void TargetRun::stop() {
  stopping_ = true;
  if (outcome_) return;
  if (!session_ || session_->ended()) {
    timer_.cancel();  // It pauses between two tries, or waits for a slot.
    return;
  }
  set_state(TargetState::kStopping);
  const bool connecting = session_->phase() == ClientSession::Phase::kConnecting;
  session_->on_stop(sys::now());
  drain_effects();
  if (!connecting || session_->ended()) return;
  // Nothing is there yet that had to be stopped, and an ssh that hangs, or whoever never said hello, does not look at
  // its input: the way there is given up.
  if (connection_.child) {
    kill_tree(*connection_.child);
  } else if (from_agent_) {
    (void)::shutdown(from_agent_->native_handle(), SHUT_RDWR);
  }
}

void TargetRun::abandon(std::string_view reason) {
  stopping_ = true;
  abandoned_ = true;
  if (outcome_ || !session_ || session_->ended()) return;
  session_->on_abandon(reason);
  drain_effects();
  if (connection_.child) kill_tree(*connection_.child);
}

}  // namespace stapsh::client
