// SPDX-License-Identifier: Apache-2.0
#include "client/run/attempt.h"

#include <asio/co_spawn.hpp>
#include <utility>

#include "base/last_line.h"
#include "base/overloaded.h"
#include "base/utf8.h"
#include "client/run/clock_offset.h"
#include "client/run/internal_error.h"
#include "client/run/run_arguments.h"
#include "client/run/session_settings.h"
#include "client/run/show_listing.h"
#include "policy/manifest.h"
#include "protocol/command.h"
#include "session/runner_check.h"
#include "sys/clock.h"
#include "sys/descriptor_limit.h"
#include "sys/random_name.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kEarlyErrorBytesMax = 16'384;
// One target's share of a turn, so that a flood from one does not starve forty.
constexpr int kReadsPerTurn = 4;
constexpr std::size_t kPromptCharacters = 24;

// What is signed for one session. A run may wait for others before it starts (--together).
constexpr std::chrono::hours kManifestLife{1};

std::string manifest_text(const Upload& upload, const std::vector<std::string>& environment, const std::string& nonce,
                          const std::string& target, WallTime now) {
  policy::Manifest manifest{
      nonce,         target, std::chrono::duration_cast<std::chrono::seconds>(now) + kManifestLife,
      upload.runner, {},     upload.run_args,
      environment};
  for (const Upload::File& file : upload.files) manifest.files.push_back({file.name, file.digest});
  return policy::format_manifest(manifest);
}

}  // namespace

Attempt::Attempt(const RunContext& context, const Target& target, const Transport& transport, TargetProgress& progress,
                 Purpose purpose, Finish finish)
    : context_(context),
      target_(target),
      transport_(transport),
      progress_(progress),
      purpose_(std::move(purpose)),
      finish_(std::move(finish)),
      slot_wait_(context.io, [this] { return is_unwanted(); }),
      timer_(context.io),
      idle_(context.io) {}

template <typename Work>
void Attempt::guard(Work work) noexcept {
  try {
    work();
  } catch (...) {
    on_fault(std::current_exception());
  }
}

Awaitable<> Attempt::guarded(Awaitable<> work) {
  try {
    co_await std::move(work);
  } catch (...) {
    on_fault(std::current_exception());
  }
}

// An agent that sees the end of its input cleans up; whoever waits for what it says stops to.
void Attempt::on_fault(std::exception_ptr bug) noexcept {
  if (fault_) return;
  fault_ = std::move(bug);
  if (!streams_) return;
  try {
    streams_->input().end();
    streams_->stop_waiting();
  } catch (...) {
    // They end with us.
  }
}

void Attempt::finish(Outcome outcome) {
  finish_(std::move(outcome));
  finished_ = true;
}

// Who is started counts until its handler has run: one that could not be started has none.
template <typename Start>
void Attempt::start_helper(const Start& start) {
  ++helpers_;
  try {
    start();
  } catch (...) {
    --helpers_;
    throw;
  }
}

template <typename Coroutine>
void Attempt::spawn(Coroutine coroutine) {
  start_helper([&] {
    asio::co_spawn(context_.io, std::move(coroutine), [this](const std::exception_ptr& bug) {
      if (bug) on_fault(bug);
      --helpers_;
      idle_.announce();
    });
  });
}

Awaitable<> Attempt::run() {
  slot_ = co_await context_.slots.acquire(transport_.host(), slot_wait_);
  if (!slot_) co_return finish({Outcome::Kind::kStopped, std::nullopt, {}});
  // An attempt behind the outcome asks what is left.
  if (!progress_.outcome()) progress_.set_state(TargetState::kConnecting);
  guard([this] { open(); });
  if (session_) co_await live();
  slot_.reset();
  if (fault_ && !finished_) finish(internal_error(fault_));
}

void Attempt::open() {
  ReachOptions reach = context_.options.reach;
  if (context_.asker != nullptr) reach.environment = context_.asker->environment(target_.name);
  if (context_.sudo_password != nullptr) reach.become_prompt = sys::random_name(kPromptCharacters).value_or("");
  Result<Connection> opened = transport_.open(reach, context_.targets);
  if (!opened) {
    return finish({Outcome::Kind::kFailed, std::nullopt, sys::with_descriptor_advice(opened.error()).what});
  }
  streams_.emplace(context_.io, *std::move(opened));
  ClientSettings settings = session_settings(context_.options, purpose_.session, purpose_.sweep_only);
  settings.transport_is_rich = streams_->rich();
  settings.agent_is_ours = transport_.reaches_our_agent();
  settings.speaker = transport_.speaker();
  session_.emplace(std::move(settings));
  if (std::optional<std::string> input = transport_.stage_input(reach)) {
    bringing_ = std::make_unique<AgentBringing>(context_, progress_, streams_->input(), *std::move(input));
  }
  if (!reach.become_prompt.empty()) {
    becoming_ = std::make_unique<Becoming>(context_.io, *context_.asker, *context_.sudo_password, target_,
                                           streams_->input(), reach.become_prompt);
  }
}

Awaitable<> Attempt::live() {
  co_await guarded(talk());
  co_await guarded(part());
  timer_.cancel();
  if (becoming_) guard([this] { becoming_->note_ended(); });
  // One that waits at the gate for others must not keep them waiting for it.
  if (module_) guard([this] { progress_.lose_gate(); });
  while (helpers_ > 0) co_await idle_.wait();
}

Awaitable<> Attempt::talk() {
  if (fault_) co_return;  // It was not opened whole.
  if (streams_->has_errors()) spawn(streams_->read_errors([this](std::string_view bytes) { on_errors(bytes); }));
  session_->on_start_of_transport(sys::now());
  drain_effects();
  const Result<> connected = co_await streams_->finish_connecting(transport_, context_.options.reach);
  if (!connected && !is_deaf()) {
    early_errors_ = connected.error().what;  // The reason, as ssh's last words are.
    streams_->input().end();
  }
  spawn(write_input());
  if (connected) co_await read_output();
}

Awaitable<> Attempt::part() {
  const TransportEnd end = co_await close();
  if (fault_) co_return;
  session_->on_transport_end(end);
  drain_effects();
}

Awaitable<> Attempt::read_output() {
  while (!is_deaf()) {
    if (context_.events.full()) co_await context_.events.wait_room();
    if (is_deaf()) break;  // While we waited: a timeout.
    co_await streams_->wait_output();
    for (int i = 0; i < kReadsPerTurn && !is_deaf() && !context_.events.full(); ++i) {
      const Result<sys::IoResult> got = streams_->read_output(context_.scratch);
      if (!got) stream_error_ = got.error().what;
      if (!got || got->end) co_return;
      if (got->would_block) break;
      take_bytes(std::string_view(context_.scratch).substr(0, got->bytes));
      context_.events.on_pause();
      if (got->bytes < context_.scratch.size()) break;  // That was all; else we are told.
    }
  }
}

void Attempt::take_bytes(std::string_view bytes) {
  if (bringing_) bytes = bringing_->on_bytes(bytes);
  if (becoming_ && bringing_->has_spoken()) becoming_->note_started();
  if (becoming_ && becoming_->has_sent()) session_->conceal_noise();  // Who got it instead of sudo may quote it.
  if (bringing_ && bringing_->is_kept() && !session_->agent_has_greeted()) session_->note_agent_stays();
  if (!bytes.empty()) session_->on_bytes(bytes, sys::now());
  if (bringing_ && session_->agent_has_greeted()) bringing_->note_greeted();
  drain_effects();
}

// Before the runner runs it is ssh that speaks, or the agent; its last line is often the reason of a failure.
void Attempt::on_errors(std::string_view bytes) {
  // (A released agent's runner can speak before its OK is read.)
  const bool started =
      session_->phase() == ClientSession::Phase::kRunning || session_->phase() == ClientSession::Phase::kStarting;
  if (started && streams_->rich()) {
    progress_.emit_output(Stream::kStderr, bytes);
    context_.events.on_pause();
    return;
  }
  std::string rest;
  if (becoming_) {
    rest = becoming_->on_errors(bytes);
    if (becoming_->wants_answer()) spawn(becoming_->answer([this] { return is_over(); }));
    if (becoming_->may_ask()) spawn(becoming_->ask_person([this] { return is_over(); }));
    bytes = rest;
  }
  early_errors_.append(whole_characters(bytes, kEarlyErrorBytesMax - early_errors_.size()));
}

std::string Attempt::concealed(std::string_view text) const {
  return becoming_ ? becoming_->conceal(text) : std::string(text);
}

std::string Attempt::last_words() const {
  const ReachOptions& reach = context_.options.reach;
  const std::string errors = early_errors();
  return printable(reach.become ? sudo_reason(errors, reach.ask_become_pass) : last_line(errors));
}

Awaitable<> Attempt::write_input() {
  const Result<> wrote = co_await streams_->input().write([this] {
    if (fault_) return;
    session_->on_send_progress(sys::now());
    if (bringing_ && bringing_->is_sending()) session_->on_agent_progress(sys::now());
    arm_timer();
  });
  // Why nobody reads any more shows at the other end. But where nothing is answered, the end of a runner that was
  // never asked for must not pass for one.
  if (!wrote) stream_error_ = wrote.error().what;
}

void Attempt::drain_effects() {
  AgentInput& input = streams_->input();
  while (std::optional<ClientEffect> effect = session_->next_effect()) {
    std::visit(
        Overloaded{
            [&](SendBytes& e) {
              if (e.makes_file) progress_.note_touched();
              bringing_ ? bringing_->send(std::move(e.bytes)) : input.send(std::move(e.bytes));
            },
            [&](const SendFile& e) {
              progress_.note_touched();
              input.send(module_->files[e.index].content);
            },
            [&](const CloseInput&) {
              if (input.owes()) stream_error_ = "stopped before all commands were sent";
              input.end();
            },
            [&](const Output& e) { on_output(e); },
            [&](const Note& e) { progress_.note(e.is_theirs ? "it says: " + e.text : e.text); },
            [&](const Connected& e) { on_connected(e); },
            [&](const Ready&) { on_ready(); },
            [&](const Started&) { progress_.set_state(stopping_ ? TargetState::kStopping : TargetState::kRunning); },
            [&](const Working& e) { progress_.note_work(e.what); },
            [&](Finished& e) { on_finished(std::move(e.outcome)); },
        },
        *effect);
  }
  arm_timer();
}

void Attempt::on_output(const Output& output) {
  progress_.emit_output(output.stream, output.bytes, output.time);
  if (!module_ || !module_->prints_when_asked || output.stream != Stream::kStdout) return;
  // Without the probe that we added it would have ended there, with an error.
  if (attached_.on_output(output.bytes) != 1U) return;
  progress_.set_never_traced("no probe of the program was attached: nothing there is what it names");
  stop();
}

void Attempt::on_connected(const Connected& connected) {
  const HelloLine& hello = connected.hello;
  connected_ = true;
  slot_.reset();
  context_.slots.note_connected();
  event::Connected event{hello.release, hello.machine, "stapsh " + hello.version, {}, {}};
  if (connected.clock) {
    const ClockOffset clock = clock_offset(*connected.clock, sys::now(), sys::wall_now());
    event.clock_offset = clock.offset;
    event.clock_uncertainty = clock.uncertainty;
  }
  event.runners = connected.runners;
  event.environment = connected.environment;
  event.has_policy = session_->has_policy();
  progress_.emit(std::move(event));
  if (!connected.kept.empty()) progress_.note_kept_modules(connected.kept);
  const std::string errors = early_errors();
  if (!last_line(errors).empty()) progress_.note("it says: " + printable(last_line(errors)));
  if (!context_.options.has_program()) {
    progress_.set_done(0);
    return session_->on_stop(sys::now());
  }
  progress_.set_state(TargetState::kBuilding);
  const std::optional<bool> by_probe =
      connected.runners ? prints_maps_by_probe(*connected.runners) : std::optional<bool>();
  // A policy may know the program by what the person wrote.
  spawn(get_module(hello, by_probe.value_or(false) && !session_->has_policy()));
}

void Attempt::on_finished(Outcome outcome) {
  const bool unconnected = outcome.kind == Outcome::Kind::kFailed && !connected_;
  const bool answered = purpose_.sweep_only && session_->agent_has_greeted();
  if (unconnected && !answered && progress_.state() == TargetState::kConnecting && !abandoned_) {
    const std::string words = last_words();
    outcome.reason = transport_.explain_silence({outcome.reason, words, streams_->open()});
    if (bringing_ && !bringing_->has_spoken() && words.empty()) {
      outcome.reason += "; --bootstrap wants a shell: leave it out where an agent answers at once (ForceCommand)";
    }
  }
  finish(std::move(outcome));
  streams_->input().end();
  streams_->stop_waiting();
  // The time for it is over: whoever hangs has no more of it, unless it must tidy up behind itself. An agent must, too,
  // and does, if it was not its silence that ended this.
  const bool cleans_up = session_->agent_has_greeted() && !timed_out_;
  if (unconnected && !cleans_up && transport_.may_leave(std::nullopt).empty()) streams_->cut();
}

Awaitable<> Attempt::get_module(HelloLine hello, bool prints_maps_by_probe) {
  KernelId kernel{hello.release, hello.machine};
  const Result<std::shared_ptr<const Module>> module =
      co_await context_.builds.module_for(std::move(kernel), target_.name, prints_maps_by_probe);
  if (is_over()) co_return;
  if (!module) {
    session_->on_module_failed(sys::with_descriptor_advice(module.error()).what);
    co_return drain_effects();
  }
  if ((*module)->listing) {
    co_await show_listing(context_, progress_, *module, [this] { return is_over(); });
    session_->on_stop(sys::now());
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
  if (context_.options.dry_run) {
    plan_ = plan_text(context_.options, module_->kind, module_->title, hello.release, hello.machine);
  } else {
    progress_.set_state(TargetState::kSending);
    sweepable_ = session_->agent_is_ours();
  }
  upload.run_args = *std::move(args);
  upload.runner = module_->kind;
  upload.built_by = module_->built_by;
  const bool wants_signatures = !session_->nonce().empty();
  for (const ModuleFile& file : module_->files) {
    upload.files.push_back({file.name, file.content->size()});
    if (session_->wants_digests()) upload.files.back().digest = file.digest();
    if (wants_signatures) upload.files.back().signature = file.signature;
  }
  if (wants_signatures && context_.signer != nullptr) {
    std::string manifest = manifest_text(upload, context_.options.job.runner_environment, session_->nonce(),
                                         target_.name, sys::wall_now());
    Result<std::string> is_signed = co_await context_.signer->sign(std::move(manifest), [this] { return is_over(); });
    if (is_over()) co_return;
    if (!is_signed) {
      session_->on_module_failed(is_signed.error().what);
      co_return drain_effects();
    }
    upload.manifest = *std::move(is_signed);
  }
  session_->on_module_ready(std::move(upload), sys::now());
  drain_effects();
}

void Attempt::on_ready() {
  if (context_.options.dry_run) {
    progress_.set_plan(plan_);
    return session_->on_stop(sys::now());
  }
  progress_.set_state(TargetState::kReady);
  spawn(start_when_due());
}

Awaitable<> Attempt::start_when_due() {
  progress_.leave_gate(true);
  co_await context_.gate.wait_open([this] { return is_over(); });
  if (is_over()) co_return;
  progress_.note_begun();
  session_->on_start(sys::now());
  drain_effects();
}

// The agent has nothing more to say, or we have nothing more to hear.
Awaitable<TransportEnd> Attempt::close() {
  TransportEnd end;
  const auto take = [this](std::string_view bytes) { guard([&] { on_errors(bytes); }); };
  end.exit_code = co_await streams_->close(take);
  untidy_ = transport_.may_leave(end.exit_code);
  end.reason = explain_end(end.exit_code);
  co_return end;
}

std::string Attempt::explain_end(std::optional<int> exit_code) const {
  if (bringing_ && !bringing_->failure().empty()) return concealed(bringing_->failure());
  if (becoming_ && !becoming_->failure().empty()) return becoming_->failure();
  const bool before_run = session_->phase() != ClientSession::Phase::kRunning;
  // An agent of ours says by itself how its runner ended. What was said before the run is no reason in it.
  const bool agent_killed = session_->agent_is_ours() && exit_code > 128;
  std::string reason;
  if (before_run || transport_.has_failed(exit_code) || agent_killed || !streams_->rich()) {
    const bool has_words = before_run || !streams_->rich();
    const std::string words = has_words ? last_words() : std::string();
    const bool greeted = session_->phase() != ClientSession::Phase::kConnecting;
    reason = transport_.explain_end({exit_code, words, greeted, !session_->ended()});
  }
  if (reason.empty() && streams_->child_hung()) reason = "its command does not end";
  return reason.empty() ? stream_error_ : reason;
}

void Attempt::arm_timer() {
  const std::optional<TimePoint> when = session_->next_timer();
  if (when == armed_) return;
  armed_ = when;
  if (!when) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*when);
  start_helper([this] {
    timer_.async_wait([this](asio::error_code error) {
      --helpers_;
      if (is_deaf()) return idle_.announce();
      if (!error) guard([this] { on_timer(); });
      if (is_deaf()) idle_.announce();
    });
  });
}

void Attempt::on_timer() {
  armed_.reset();
  if (context_.events.full()) session_->on_receive_paused(sys::now());
  if (context_.asker != nullptr) {
    if (const std::optional<TimePoint> asked = context_.asker->last_asked(target_.name)) session_->on_asked(*asked);
  }
  if (becoming_) {
    if (const std::optional<TimePoint> asked = becoming_->last_asked()) session_->on_asked(*asked);
  }
  session_->on_timer(sys::now());
  timed_out_ = session_->ended();
  drain_effects();
}

void Attempt::stop() {
  const bool again = std::exchange(stopping_, true);
  slot_wait_.look_again();
  if (!is_deaf()) guard([&] { stop_session(again); });
}

void Attempt::stop_session(bool again) {
  progress_.set_state(TargetState::kStopping);
  const bool connecting = session_->phase() == ClientSession::Phase::kConnecting;
  session_->on_stop(sys::now());
  drain_effects();
  // An agent is told to go, and cleans up; a person who asks again does not wait for it.
  if (!connecting || session_->ended() || (!again && session_->agent_has_greeted())) return;
  // So is a first stage that has begun: it cleans up when it sees the end of its input.
  is_adrift() && !again ? streams_->input().end() : streams_->cut();
}

void Attempt::signal(int signo) {
  if (is_deaf()) return;
  guard([&] {
    session_->on_signal_wanted(signo);
    drain_effects();
  });
}

void Attempt::abandon(std::string_view reason) {
  stopping_ = true;
  abandoned_ = true;
  slot_wait_.look_again();
  if (!is_deaf()) {
    guard([&] {
      session_->on_abandon(reason);
      drain_effects();
    });
  }
  if (streams_) streams_->kill_child();
}

}  // namespace stapsh::client
