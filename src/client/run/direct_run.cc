// SPDX-License-Identifier: Apache-2.0
#include "client/run/direct_run.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>

#include "client/async/child_output.h"
#include "client/async/kill_tree.h"
#include "client/run/internal_error.h"
#include "client/run/run_arguments.h"
#include "client/run/show_listing.h"
#include "sys/activity_meter.h"
#include "sys/clock.h"
#include "sys/descriptor_limit.h"
#include "sys/executable.h"
#include "sys/io.h"
#include "sys/pipe.h"
#include "sys/process_tree.h"
#include "sys/uname.h"

namespace stapsh::client {
namespace {

constexpr Duration kCgroupDeathTime = std::chrono::seconds(2);

Outcome failed(const Error& error) {
  return {Outcome::Kind::kFailed, std::nullopt, sys::with_descriptor_advice(error).what};
}

// What the command of -c reads is our standard input, unless the script was.
int commands_input(const JobOptions& job) {
  return job.command && job.script_kind != ScriptKind::kStdin ? sys::kInherit : sys::kDevNull;
}

}  // namespace

DirectRun::DirectRun(const RunContext& context, Target target)
    : TargetRun(context, std::move(target)),
      ladder_(context.options.runner_stop_times()),
      relay_ended_(context.io),
      ladder_timer_(context.io) {}

Awaitable<> DirectRun::run() {
  Outcome outcome = failed({Errc::kUsage, "no agent is there to sweep; rstap sweep --remote stapsh: does it"});
  if (context_.options.action != Action::kSweep) {
    outcome = co_await run_contained();
    const Duration grace = give_up_at_ ? Duration{} : ladder_.grace();
    co_await remains_.end(context_.io, grace);
    // Whether a module is loaded is staprun's affair here: there is no agent to look after it.
    const bool may_leave_module = stop_signal_ == runner_entry(RunnerKind::kStaprun).stop_signal;
    remains_.look(runner_ ? &*runner_ : nullptr, may_leave_module, outcome);
    if (runner_) (void)runner_->try_wait();  // Only now: its session was signalled by an id that could be another's.
  }
  progress_.set_outcome(std::move(outcome));
  progress_.leave_gate(false);
  settle();
  progress_.emit_end();
}

// Whatever was thrown: no runner of ours goes on, and nobody refers to its streams.
Awaitable<Outcome> DirectRun::run_contained() {
  Outcome outcome;
  try {
    outcome = co_await run_module();
  } catch (...) {
    on_fault(std::current_exception());
  }
  if (!fault_) co_return outcome;
  if (runner_) {
    (void)co_await see_end(context_.io, *runner_, [this] { return give_up_at_ && sys::now() >= *give_up_at_; });
  }
  while (relays_ > 0) co_await relay_ended_.wait();
  ladder_.stand_down();
  ladder_timer_.cancel();
  co_return internal_error(fault_);
}

Awaitable<Outcome> DirectRun::run_module() {
  if (!context_.options.has_program()) {
    progress_.set_done(0);
    co_return Outcome{Outcome::Kind::kStopped, std::nullopt, {}};
  }
  progress_.set_state(TargetState::kBuilding);
  sys::Uname uname = sys::kernel_uname();
  const KernelId kernel{std::move(uname.release), std::move(uname.machine)};
  const Result<std::shared_ptr<const Module>> module = co_await context_.builds.module_for(kernel, target_.name);
  Outcome stopped{Outcome::Kind::kStopped, std::nullopt, {}};
  if (stopping_) co_return stopped;
  if (!module) co_return failed(module.error());
  if ((*module)->listing) {
    co_await show_listing(context_, progress_, *module, [this] { return stopping_; });
    co_return stopped;
  }
  if (context_.options.dry_run) {
    const Result<> checked = check(**module);
    if (!checked) co_return failed(checked.error());
    progress_.set_plan(plan_text(context_.options, (*module)->kind, (*module)->title, kernel.release, kernel.machine));
    co_return stopped;
  }
  progress_.set_state(TargetState::kReady);
  progress_.leave_gate(true);
  co_await context_.gate.wait_open([this] { return stopping_; });
  if (stopping_) co_return stopped;
  progress_.note_begun();
  const Result<> started = co_await start(**module);
  if (!started) co_return failed(started.error());
  progress_.set_state(TargetState::kRunning);
  const std::optional<int> code =
      co_await see_end(context_.io, *runner_, [this] { return give_up_at_ && sys::now() >= *give_up_at_; });
  // What it left behind may hold the streams open: the same ladder ends it.
  if (relays_ > 0 && !ladder_.climbing()) {
    ladder_.start(StopLadder::Rung::kStopSignal, sys::now());
    start_climbing();
  }
  while (relays_ > 0) co_await relay_ended_.wait();
  ladder_.stand_down();
  ladder_timer_.cancel();
  Outcome outcome{Outcome::Kind::kEnded, code, {}};
  outcome.killed = killed_;
  if (runner_->signalled()) outcome.signal = *code - kSignalCodeBase;
  if (!code) {
    outcome.kind = Outcome::Kind::kFailed;
    outcome.reason =
        "its runner, process " + std::to_string(runner_->pid()) + ", cannot be killed; see its state in ps";
  }
  co_return outcome;
}

// What can be known before it runs.
Result<> DirectRun::check(const Module& module) const {
  const std::string name(runner_name(module.kind));
  if (!sys::find_in_path(name)) return fail(Errc::kSystem, name + ": not found in PATH; install it");
  TRY(runner_arguments(context_.options.job, module.kind, parse_version(kSpokenVersion), module.name(), target_.index,
                       target_.text));
  return {};
}

Awaitable<Result<>> DirectRun::start(const Module& module) {
  const auto start_now = [&]() -> Result<> {
    const std::string name(runner_name(module.kind));
    const std::optional<std::string> program = sys::find_in_path(name);
    if (!program) return fail(Errc::kSystem, name + ": not found in PATH; install it");
    TRY(remains_.make_workspace());
    const sys::Workspace& workspace = remains_.workspace();
    for (const ModuleFile& file : module.files) {
      sys::UniqueFd fd = TRY(workspace.create_file(file.name, file.content->size()));
      TRY(sys::write_all(fd.get(), *file.content, std::chrono::seconds(60)));
      TRY(sys::close_checked(std::move(fd), file.name));
    }
    sys::Pipe out = TRY(sys::make_pipe({.nonblocking_read = true}));
    sys::Pipe err = TRY(sys::make_pipe({.nonblocking_read = true}));
    sys::SpawnOptions spawn;
    spawn.program = *program;
    spawn.argv = {*program};
    // The runner is where the person is, as stap's: `-c ./program` is theirs. The module is not there.
    for (std::string& word : TRY(runner_arguments(context_.options.job, module.kind, parse_version(kSpokenVersion),
                                                  module.name(), target_.index, target_.text, workspace.path()))) {
      spawn.argv.push_back(std::move(word));
    }
    spawn.stdin_fd = commands_input(context_.options.job);
    spawn.stdout_fd = out.write_end.get();
    spawn.stderr_fd = err.write_end.get();
    spawn.new_session = true;
    kind_ = module.kind;
    stop_signal_ = runner_entry(module.kind).stop_signal;
    // There is no guardian. Who ignores this signal is found by a sweep; who becomes another user is lost to both.
    spawn.parent_death_signal = stop_signal_;
    spawn.extra_env = {std::string(sys::kWorkspaceVariable) + "=" + workspace.path()};
    for (const std::string& variable : context_.options.job.runner_environment) spawn.extra_env.push_back(variable);
    remains_.contain(spawn);
    runner_ = TRY(sys::spawn(spawn));
    remains_.note_started(*runner_);
    start_relay(std::move(out.read_end), Stream::kStdout);
    start_relay(std::move(err.read_end), Stream::kStderr);
    return {};
  };
  co_return start_now();
}

void DirectRun::start_relay(sys::UniqueFd pipe, Stream stream) {
  asio::co_spawn(context_.io, relay(std::move(pipe), stream), [this, stream](const std::exception_ptr& bug) {
    if (bug) streams_[stream == Stream::kStdout ? 0 : 1].reset();  // Who writes more must not wait for a reader.
    if (bug) on_fault(bug);
    --relays_;
    relay_ended_.announce();
  });
  ++relays_;
}

void DirectRun::start_climbing() {
  asio::co_spawn(context_.io, climb_ladder(), [this](const std::exception_ptr& bug) {
    if (bug) on_fault(bug, /*is_pressed=*/false);
  });
}

// The runner is told to end, as in any stop, if somebody is there to press it.
void DirectRun::on_fault(std::exception_ptr bug, bool is_pressed) noexcept {
  is_pressed = is_pressed && !fault_;
  if (!fault_) fault_ = std::move(bug);
  try {
    const bool again = std::exchange(stopping_, true);
    if (is_pressed && runner_) return stop_runner(again);
  } catch (...) {
    // A bug again: it is not asked.
  }
  try {
    kill_runner();
  } catch (...) {
    // Its destructor has the last word.
  }
}

void DirectRun::kill_runner() {
  stopping_ = true;
  if (!runner_ || outcome()) return;
  kill_session(runner_->pid());
  give_up();
}

Awaitable<> DirectRun::relay(sys::UniqueFd pipe, Stream stream) {
  Descriptor& descriptor = streams_[stream == Stream::kStdout ? 0 : 1].emplace(context_.io, pipe.release());
  bool ended = false;
  while (!ended && !give_up_at_) {
    if (context_.events.full()) co_await context_.events.wait_room();
    (void)co_await descriptor.async_wait(Descriptor::wait_read, kAsTuple);
    const Result<sys::IoResult> got = sys::read_some(descriptor.native_handle(), context_.scratch);
    ended = !got || got->end;
    if (ended || got->would_block) continue;
    progress_.emit_output(stream, std::string_view(context_.scratch).substr(0, got->bytes));
    context_.events.on_pause();
    if (!runner_->exit_code()) ladder_.note_output(got->bytes, sys::now());
  }
}

void DirectRun::stop() {
  const bool again = std::exchange(stopping_, true);
  if (!runner_ || outcome() || fault_) return;
  try {
    stop_runner(again);
  } catch (...) {
    on_fault(std::current_exception());
  }
}

void DirectRun::stop_runner(bool again) {
  progress_.set_state(TargetState::kStopping);
  if (again || runner_->exit_code()) {
    ladder_.hurry();
    (void)ladder_.climb(sys::now());
    return signal_rung();
  }
  ladder_.begin(sys::now());
  ladder_.start(StopLadder::Rung::kStopSignal, sys::now());
  signal_rung();
  start_climbing();
}

// One that has ended between is none of ours to signal.
void DirectRun::signal(int signo) {
  if (runner_ && !stopping_ && !runner_->exit_code()) (void)runner_->ref().send(signo);
}

// A runner that says nothing may be at work: it is looked at before it is pressed harder.
Awaitable<> DirectRun::climb_ladder() {
  sys::ActivityMeter meter;
  const Duration pause = sys::ActivityMeter::pause_within(ladder_.grace());
  while (const std::optional<TimePoint> when = ladder_.escalate_at()) {
    ladder_timer_.expires_at(std::min(*when, sys::now() + pause));
    (void)co_await ladder_timer_.async_wait(kAsTuple);
    const TimePoint now = sys::now();
    if (!runner_->exit_code()) {
      const Activity activity = meter.look(sys::session_members(runner_->pid()).pids, now);
      if (ladder_.note_activity(activity, now)) signal_rung();
      WorkingLine work{std::string(runner_name(kind_)), std::nullopt};
      if (const auto probes = meter.probes()) work.probes = {probes->left, probes->most};
      if (activity != Activity::kNone) progress_.note_work(work);
    }
    if (ladder_.due(now) && ladder_.climb(now)) signal_rung();
  }
}

void DirectRun::signal_rung() {
  const bool alive = !runner_->exit_code();
  switch (ladder_.rung()) {
    case StopLadder::Rung::kStopSignal:
      if (alive) (void)runner_->ref().send(stop_signal_);
      break;
    case StopLadder::Rung::kTerminate:
      if (alive) {
        (void)runner_->ref().send(SIGTERM);
      } else {
        signal_session(runner_->pid(), SIGTERM);
      }
      break;
    case StopLadder::Rung::kKill:
      if (alive) killed_ = ladder_.why_killed(sys::now());
      kill_session(runner_->pid());
      remains_.kill();
      break;
    case StopLadder::Rung::kDiscard:
    case StopLadder::Rung::kGiveUp:
      give_up();
      break;
  }
}

void DirectRun::give_up() {
  if (!give_up_at_) give_up_at_ = sys::now() + kCgroupDeathTime;
  ladder_.stand_down();
  asio::error_code ignored;  // It is closed already.
  for (std::optional<Descriptor>& stream : streams_) {
    if (stream) (void)stream->cancel(ignored);
  }
}

void DirectRun::abandon(std::string_view) { kill_runner(); }

}  // namespace stapsh::client
