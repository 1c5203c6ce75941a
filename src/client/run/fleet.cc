// SPDX-License-Identifier: Apache-2.0
#include "client/run/fleet.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>

#include "base/parse_seconds.h"
#include "client/build/build_cache.h"
#include "client/events/run_result.h"
#include "client/options/quote_shell_words.h"
#include "client/options/trace_time.h"
#include "client/prompts/asker.h"
#include "client/prompts/sudo_password.h"
#include "client/run/agent_run.h"
#include "client/run/canary_gate.h"
#include "client/run/connect_slots.h"
#include "client/run/direct_run.h"
#include "client/run/fleet_text.h"
#include "client/run/start_gate.h"
#include "client/run/target_run.h"
#include "client/targets/target_list.h"
#include "client/transport/transport_table.h"
#include "sys/clock.h"
#include "sys/descriptor_limit.h"
#include "sys/io.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kScratchBytes = std::size_t{1} << 20;
constexpr Duration kWaitingFirst = std::chrono::seconds(5), kWaitingAgain = std::chrono::seconds(10);
constexpr int kSignalCodeBase = 128;

// Of a runner of our own, and of rstap itself: standard streams, epoll, timers, a build, a connection that is opened.
constexpr std::size_t kDescriptorsDirect = 6, kDescriptorsOther = 24;

class TargetFleet : public Fleet {
 public:
  TargetFleet(asio::io_context& io, const RstapOptions& options, TargetList targets, EventHub& events)
      : io_(io),
        options_(options),
        events_(events),
        slots_(options.fanout > 0 ? options.fanout : kFanoutDefault),
        message_slots_(options.fanout > 0 ? options.fanout : kFanoutByMessage),
        asker_(Asker::create(io_, options.reach, [this](bool asking) { events_.on_asking(asking); })),
        signer_(options.sign_key
                    ? std::make_unique<ManifestSigner>(io_, *options.sign_key, asker_.get(), options.reach.batch)
                    : nullptr),
        canary_(options.canary && options.canary->targets < targets.targets.size()
                    ? std::make_unique<CanaryGate>(io_, *options.canary)
                    : nullptr),
        canary_gate_(io_, canary_ ? options.canary->targets : 0, {options.together, options.all_or_nothing}),
        gate_(io_, targets.targets.size() - (canary_ ? options.canary->targets : 0),
              {options.together, options.all_or_nothing}),
        target_files_(std::move(targets.files)),
        picked_from_(targets.picked_from),
        targets_(std::move(targets.targets)),
        signals_(io_),
        trace_time_(trace_time(options)),
        start_limit_(io_),
        stop_timer_(io_),
        images_(options.reach),
        started_{Condition(io_)},
        scratch_(kScratchBytes, '\0'),
        all_ended_(io_) {}

  /// Said when the run starts: who does not run again.
  void set_resume_note(std::string text) { resume_note_ = std::move(text); }
  Result<> prepare(const std::vector<int>& ignored_signals);
  Result<> prepare_become();
  Awaitable<int> run() override;
  [[nodiscard]] std::vector<event::RunStarted::Target> targets() const override;
  [[nodiscard]] const std::vector<std::string>& target_files() const override { return target_files_; }

 private:
  Awaitable<> run_target(TargetRun& run);
  Awaitable<> run_to_its_end(TargetRun& run);
  Awaitable<> wait_for_canaries(TargetRun& run);
  void judge(const TargetRun& run);
  void judge_failure(const TargetRun& run);
  void judge_canary(const TargetRun& run);
  void halt(const HaltRule& rule, int code);
  void set_stop_reason(const std::string& reason);
  void say_nothing_matched();
  void stop_unbegun(const std::string& reason);
  void finish();
  Awaitable<> bound_starts();
  void on_due(TargetRun& run, bool traced);
  Awaitable<> watch_stop();
  [[nodiscard]] std::vector<TargetResult> results() const;
  void say_what_adds_up();
  void check_descriptors(std::size_t needed);
  void give_up(const std::string& why);
  void wait_signal();
  void on_signal(int signo);
  void stop_all(event::StopAsked why);
  void say_states();
  void on_reader_gone();
  void emit(Event::What what);

  asio::io_context& io_;
  const RstapOptions& options_;
  EventHub& events_;
  ConnectSlots slots_, message_slots_;
  std::unique_ptr<Asker> asker_;                 // None: nobody is asked by us.
  std::unique_ptr<SudoPassword> sudo_password_;  // None: sudo asks nothing, where there is one.
  std::unique_ptr<ManifestSigner> signer_;       // None: no run is signed.
  std::unique_ptr<CanaryGate> canary_;           // None: no target waits for others.
  StartGate canary_gate_;                        // Canaries start together, and so do the others.
  StartGate gate_;
  std::unique_ptr<BuildCache> builds_;
  std::vector<std::string> target_files_;
  std::size_t picked_from_;  // 0: these are all.
  std::vector<Target> targets_;
  NatsRelays relays_;
  std::vector<std::unique_ptr<TargetRun>> runs_;
  asio::signal_set signals_;
  std::optional<TraceTime> trace_time_;
  asio::steady_timer start_limit_;
  asio::steady_timer stop_timer_;
  TimePoint stop_ends_;  // From the first stop on.
  AgentImages images_;
  FirstStart started_;
  std::string scratch_;
  std::size_t ended_ = 0;
  std::size_t failed_ = 0;
  bool halted_ = false;  // By --halt.
  std::string resume_note_;
  bool finished_ = false;     // Nothing is waited for any more.
  int stops_ = 0;             // How often it was asked for.
  int stopped_code_ = 0;      // For targets that never ran.
  bool reader_gone_ = false;  // It was asked for by nobody: the reader of our output has gone.
  Condition all_ended_;
};

Result<> TargetFleet::prepare_become() {
  const ReachOptions& reach = options_.reach;
  if (!reach.become) return {};
  for (const Target& target : targets_) {
    const std::unique_ptr<Transport> transport = transport_to(target.uri, relays_);
    if (transport && transport->can_become(reach)) continue;
    return fail(Errc::kUsage,
                target.name +
                    ": --become is for ssh targets, and for those of exec: with --bootstrap (their command "
                    "gives a shell then); start that agent, or rstap, by sudo yourself");
  }
  if (!reach.ask_become_pass) return {};
  if (!asker_) {
    return fail(Errc::kUsage,
                "--ask-become-pass: there is no terminal to ask at (or SSH_ASKPASS_REQUIRE has questions asked "
                "elsewhere); start rstap at one, or leave it out and let sudo need no password there (NOPASSWD)");
  }
  sudo_password_ = std::make_unique<SudoPassword>(io_, *asker_,
                                                  fmt::format("password for sudo of {} on {} target{}", *reach.become,
                                                              targets_.size(), targets_.size() == 1 ? "" : "s"));
  return {};
}

Result<> TargetFleet::prepare(const std::vector<int>& ignored_signals) {
  TRY(prepare_become());
  builds_ = std::make_unique<BuildCache>(io_, options_, events_, targets_.size());
  if (asker_ && options_.build_on) {
    const std::string host = *options_.build_on;
    builds_->set_host_questions(
        {[this, host] { return asker_->environment(host); }, [this, host] { return asker_->last_asked(host); }});
  }
  TRY(builds_->prepare());  // Before signals are ours: a script on standard input may never come.
  for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1}) {
    const bool ignored = std::find(ignored_signals.begin(), ignored_signals.end(), signo) != ignored_signals.end();
    // What nohup ignored stays ignored. But a shell's `&` ignores SIGINT, and scripts that stop stap send it one.
    if (ignored && signo != SIGINT) {
      (void)::signal(signo, SIG_IGN);
    } else {
      signals_.add(signo);
    }
  }
  return {};
}

std::vector<event::RunStarted::Target> TargetFleet::targets() const {
  std::vector<event::RunStarted::Target> targets;
  for (const Target& target : targets_) targets.push_back({target.name, target.text});
  return targets;
}

Awaitable<int> TargetFleet::run() {
  event::RunStarted started{STAPSH_VERSION, options_.job.script_name(), {}, {}};
  // A module may have many megabytes: no work for a run of which nothing is kept.
  if (options_.output.keeps_events()) started.sha256 = builds_->script_digest();
  if (options_.job.answers_wanted) started.program = builds_->program();
  started.targets = targets();
  const bool is_sweep = options_.action == Action::kSweep;
  started.command = is_sweep ? "sweep" : options_.job.command_line();
  std::vector<std::string> call{"rstap"};
  call.insert(call.end(), options_.words.begin(), options_.words.end());
  started.call = quote_shell_words(call);
  emit(std::move(started));
  if (!resume_note_.empty()) emit(event::Note{event::Note::Kind::kInfo, std::move(resume_note_)});
  if (std::optional<std::string> text = untravelled_text(targets_, options_.job, ::environ); text && !is_sweep) {
    emit(event::Note{event::Note::Kind::kDetail, *std::move(text)});
  }
  if (picked_from_ > 0) emit(event::Note{event::Note::Kind::kInfo, picked_text(targets_, picked_from_)});
  if (builds_->wants_input()) {
    emit(event::Note{
        event::Note::Kind::kWarning,
        "input.char and input.line get nothing here: a runner has no standard input, and none can be sent to "
        "an agent; stap itself, where it is to run, gives it what is typed"});
  }
  events_.set_on_reader_gone([this] { on_reader_gone(); });
  events_.set_on_states_asked([this] { say_states(); });
  events_.set_on_signal_wanted([this](std::span<const std::size_t> targets, int signo) {
    if (stops_ > 0 || finished_) return;
    for (const std::size_t target : targets) runs_.at(target)->signal(signo);
  });
  std::size_t descriptors = kDescriptorsOther;
  for (const Target& target : targets_) {
    StartGate& gate = canary_ && canary_->is_canary(target.index) ? canary_gate_ : gate_;
    std::unique_ptr<Transport> transport = transport_to(target.uri, relays_);
    ConnectSlots& slots = transport && transport->connects_by_message() ? message_slots_ : slots_;
    const RunContext context{
        io_,      options_, events_,       slots,    asker_.get(), sudo_password_.get(), signer_.get(),
        *builds_, gate,     canary_.get(), started_, images_,      targets_.size(),      scratch_};
    descriptors += transport ? transport->descriptors() : kDescriptorsDirect;
    if (transport) {
      runs_.push_back(std::make_unique<AgentRun>(context, target, std::move(transport)));
    } else {
      runs_.push_back(std::make_unique<DirectRun>(context, target));
    }
  }
  check_descriptors(descriptors);
  const auto rethrow = [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  };
  for (const auto& run : runs_) asio::co_spawn(io_, run_target(*run), rethrow);
  // While connections come about there is time for it.
  if (options_.reach.bootstrap != Bootstrap::kNever) asio::post(io_, [this] { images_.prepare(); });
  wait_signal();
  if (trace_time_) asio::co_spawn(io_, bound_starts(), rethrow);
  while (ended_ < runs_.size()) co_await all_ended_.wait();
  finish();
  events_.set_on_reader_gone({});  // Nothing is left that could be stopped.
  for (std::string& text : plan_texts(runs_)) emit(event::Note{event::Note::Kind::kAnswer, std::move(text)});
  say_what_adds_up();
  say_nothing_matched();
  const int code =
      exit_code_of(results(), stopped_code_, options_.largest_code ? CodeRule::kLargest : CodeRule::kFirst);
  emit(event::RunEnded{code});
  co_return code;
}

void TargetFleet::say_what_adds_up() {
  if (options_.job.answers_wanted || options_.dry_run || !builds_->has_maps_to_sum()) return;
  const auto has_printed = [](const TargetResult& each) {
    return each.outcome.kind == Outcome::Kind::kEnded && !is_failure(each.outcome);
  };
  if (std::ranges::count_if(results(), has_printed) < 2) return;
  emit(event::Note{event::Note::Kind::kInfo, "each target has printed its own maps; with --sum they are added up"});
}

// bpftrace -l says nothing of a pattern that nothing matches, and ends well.
void TargetFleet::say_nothing_matched() {
  if (!options_.job.lists() || options_.job.runtime != Runtime::kBpftrace || options_.dry_run || stops_ > 0) return;
  const auto has_listed = [](const auto& each) { return each->stdout_bytes() > 0 || is_failure(*each->outcome()); };
  if (std::ranges::any_of(runs_, has_listed)) return;
  emit(event::Note{event::Note::Kind::kWarning, "no target has a probe that matches " + options_.job.script});
}

// Better said now than by the nine hundredth target.
void TargetFleet::check_descriptors(std::size_t needed) {
  const std::size_t limit = sys::raise_descriptor_limit();
  if (needed <= limit) return;
  emit(event::Note{event::Note::Kind::kWarning,
                   fmt::format("{} targets can need {} open files at once, and this process may have {} (ulimit -Hn): "
                               "those that find none will fail; raise that limit, or take fewer targets at once",
                               targets_.size(), needed, limit)});
}

void TargetFleet::emit(Event::What what) {
  events_.on_event({sys::wall_now(), std::nullopt, std::move(what)});
  events_.on_pause();
}

std::vector<TargetResult> TargetFleet::results() const {
  std::vector<TargetResult> results;
  for (const auto& run : runs_) results.push_back({run->target().name, *run->outcome()});
  return results;
}

// A run with an end waits no longer for who has not begun than for probes that are not attached. Who waits for canaries
// can't help it.
Awaitable<> TargetFleet::bound_starts() {
  while (!started_.happened && !finished_) co_await started_.event.wait();
  start_limit_.expires_after(trace_time_->attach_limit);
  if (!finished_) (void)co_await start_limit_.async_wait(kAsTuple);
  if (finished_ || stops_ > 0) co_return;
  stopped_code_ = kFailedCode;
  for (const auto& each : runs_) {
    if (each->outcome() || each->has_begun() || each->state() == TargetState::kWaiting) continue;
    each->set_stop_reason(fmt::format("not begun {} s after the first runner (the time of the run, and a minute)",
                                      format_seconds(trace_time_->attach_limit)));
    each->stop();
  }
}

// Of each target by itself: others may have begun later. When none is left that goes on, the run is being stopped.
void TargetFleet::on_due(TargetRun& run, bool traced) {
  if (run.outcome() || stops_ > 0) return;
  if (!traced) {
    run.set_never_traced(
        fmt::format("never traced: its probes were not attached within {} s (the time of the run, and a minute)",
                    format_seconds(trace_time_->attach_limit)));
  }
  const bool canary_fails = canary_ && canary_->verdict() == CanaryWatch::Verdict::kWait;
  if (canary_fails) stopped_code_ = kFailedCode;  // It should have ended by itself.
  if (!run.is_stopping()) run.stop();
  const auto goes_on = [](const auto& each) { return !each->outcome() && !each->is_stopping(); };
  if (canary_fails) set_stop_reason(fmt::format("canary {} was at its deadline first", run.target().name));
  if (canary_fails || std::ranges::none_of(runs_, goes_on)) stop_all({event::StopAsked::Why::kDeadline});
}

// Whatever is thrown on the way, it has an end, which is waited for.
Awaitable<> TargetFleet::run_target(TargetRun& run) {
  std::exception_ptr bug;
  try {
    co_await run_to_its_end(run);
  } catch (...) {
    bug = std::current_exception();
  }
  if (bug) run.end_by(bug);
  run.note_ended();
  if (++ended_ == runs_.size()) all_ended_.announce();
}

Awaitable<> TargetFleet::run_to_its_end(TargetRun& run) {
  if (canary_ && !canary_->is_canary(run.target().index)) co_await wait_for_canaries(run);
  run.set_on_settled([this, &run] { judge(run); });
  run.set_on_due([this, &run](bool traced) { on_due(run, traced); });
  if (!run.outcome()) co_await run.run();
  run.settle();
}

// Before anything is done about it: what they show must not be in many places already.
Awaitable<> TargetFleet::wait_for_canaries(TargetRun& run) {
  run.note_waiting();
  co_await canary_->wait();
  if (run.outcome()) co_return;
  if (run.is_stopping()) co_return run.end_unstarted();
  run.note_wait_over();
}

// What the end of one target means for the others.
void TargetFleet::judge(const TargetRun& run) {
  if (stops_ == 0) judge_failure(run);  // Else they end because they were told to.
  const bool never_ran = !run.has_run() && run.outcome()->kind == Outcome::Kind::kFailed;
  if (!options_.all_or_nothing || !never_ran || stops_ > 0) return;
  stopped_code_ = kFailedCode;
  set_stop_reason(fmt::format("{} failed (--all-or-nothing)", run.target().name));
  stop_all({event::StopAsked::Why::kTargets});
}

void TargetFleet::judge_failure(const TargetRun& run) {
  const Outcome& outcome = *run.outcome();
  if (canary_) judge_canary(run);
  if (!is_failure(outcome)) return;
  ++failed_;
  if (options_.halt && !halted_ && options_.halt->reached(failed_, runs_.size())) {
    halt(*options_.halt, exit_code_of({{run.target().name, outcome}}, kFailedCode));
  }
}

void TargetFleet::judge_canary(const TargetRun& run) {
  using Verdict = CanaryWatch::Verdict;
  if (canary_->verdict() != Verdict::kWait) return;
  const Outcome& outcome = *run.outcome();
  canary_->note_ended(run.target().index, outcome.kind == Outcome::Kind::kEnded && !is_failure(outcome));
  if (canary_->verdict() != Verdict::kFailed) return;
  if (!halted_) stopped_code_ = exit_code_of({{run.target().name, outcome}}, kFailedCode);
  const std::string reason = fmt::format("canary {} failed", run.target().name);
  emit(event::Note{event::Note::Kind::kWarning, reason + ": the targets that wait for it are not started"});
  for (const auto& each : runs_) {
    if (each->outcome() || canary_->is_canary(each->target().index)) continue;
    each->set_stop_reason(reason);
    each->stop();
  }
}

void TargetFleet::halt(const HaltRule& rule, int code) {
  halted_ = true;
  stopped_code_ = code;
  const std::string reason = fmt::format("{} of {} targets failed (--halt={})", failed_, runs_.size(), rule.text());
  const bool now = rule.when == HaltRule::When::kNow;
  emit(event::Note{event::Note::Kind::kWarning, reason + (now ? ": all are stopped" : ": no more are started")});
  if (!now) return stop_unbegun(reason);
  set_stop_reason(reason);
  stop_all({event::StopAsked::Why::kHalt});
}

// Before stop_all(): what those that have not begun will say of it.
void TargetFleet::set_stop_reason(const std::string& reason) {
  for (const auto& each : runs_) each->set_stop_reason(reason);
}

void TargetFleet::stop_unbegun(const std::string& reason) {
  for (const auto& each : runs_) {
    if (each->outcome() || each->has_begun()) continue;
    each->set_stop_reason(reason);
    each->stop();
  }
  // Who waits there sees that it was stopped; the others have begun.
  if (canary_) canary_->cancel();
  builds_->stop();
  canary_gate_.cancel();
  gate_.cancel();
}

void TargetFleet::finish() {
  finished_ = true;
  if (asker_) asker_->end();
  if (canary_) canary_->cancel();
  // The result stands: a signal that comes while we leave must not put its own code in the place of ours.
  sigset_t all;
  ::sigfillset(&all);
  (void)::sigprocmask(SIG_BLOCK, &all, nullptr);
  signals_.cancel();
  start_limit_.cancel();
  stop_timer_.cancel();
  started_.event.announce();
}

void TargetFleet::wait_signal() {
  signals_.async_wait([this](asio::error_code error, int signo) {
    if (error) return;
    on_signal(signo);
    // One that was caught before finish() cancelled, and is told of after it, must not make us wait for another.
    if (!finished_) wait_signal();
  });
}

// The first stops gracefully, the second SIGINT cuts the grace short, the third gives up waiting. Another signal
// after the first is no impatience: a terminal that goes away and its shell both send one, and timeout(1) sends its own
// to the process and to the group.
void TargetFleet::on_signal(int signo) {
  if (signo == SIGUSR1) return say_states();
  // The ctrl-C that ended our reader comes to us as well, now or in a moment: it is the first one.
  const bool first = stops_ == 0 || std::exchange(reader_gone_, false);
  if (signo != SIGINT && !first) return;
  if (stops_ == 0) stopped_code_ = kSignalCodeBase + signo;
  const event::StopAsked why{event::StopAsked::Why::kSignal, signo};
  if (first && stops_ > 0) return emit(why);
  stops_ < 2 ? stop_all(why) : give_up("gave up waiting");
}

void TargetFleet::give_up(const std::string& why) {
  for (const auto& run : runs_) {
    if (run->has_ended()) continue;
    run->abandon(why + " while it was " + run->state_text() + "; its agent cleans up when it sees the connection end");
  }
}

// However a stop came about, it has one end. A person who asks again waits no longer than for a quarter of it.
Awaitable<> TargetFleet::watch_stop() {
  TimePoint speak_at = sys::now() + kWaitingFirst;
  while (!finished_) {
    stop_timer_.expires_at(std::min(speak_at, stop_ends_));
    (void)co_await stop_timer_.async_wait(kAsTuple);
    const TimePoint now = sys::now();
    if (finished_) co_return;
    if (now >= stop_ends_) {
      const std::string limit = "--stop-limit (" + format_seconds(options_.stop_times().limit) + " s)";
      emit(event::Note{event::Note::Kind::kWarning, limit + " is nearly over: giving up"});
      co_return give_up(limit + " was nearly over");
    }
    if (now < speak_at) continue;
    speak_at = now + kWaitingAgain;
    std::optional<std::string> text = waiting_text(runs_);
    if (text) emit(event::Note{event::Note::Kind::kInfo, *std::move(text)});
  }
}

void TargetFleet::stop_all(event::StopAsked why) {
  ++stops_;
  emit(why);
  const Duration limit = options_.stop_times().limit;
  if (stops_ == 1) {
    stop_ends_ = sys::now() + limit - limit / 40;  // The rest is for closing what is open.
    asio::co_spawn(io_, watch_stop(), asio::detached);
  } else {
    stop_ends_ = std::min(stop_ends_, sys::now() + limit / 4);
    stop_timer_.cancel();
  }
  events_.hurry();
  builds_->stop();
  // Who is stopping already is not to be pressed by the first stop of all.
  for (const auto& run : runs_) {
    if (!run->outcome() && (stops_ > 1 || !run->is_stopping())) run->stop();
    if (stops_ > 1) run->hurry();
  }
  // Last: who waited there sees that it was stopped.
  if (canary_) canary_->cancel();
  canary_gate_.cancel();
  gate_.cancel();
}

void TargetFleet::say_states() {
  for (const auto& run : runs_) {
    events_.on_event(
        {sys::wall_now(), run->target().index, event::Note{event::Note::Kind::kAnswer, run->state_text()}});
  }
  events_.on_pause();
}

void TargetFleet::on_reader_gone() {
  if (stops_ > 0 || finished_) return;
  reader_gone_ = true;
  set_stop_reason("standard output was closed");
  stop_all({event::StopAsked::Why::kReaderGone});
}

}  // namespace

Result<std::unique_ptr<Fleet>> Fleet::create(asio::io_context& io, const RstapOptions& options, EventHub& events,
                                             const std::vector<int>& ignored_signals) {
  TargetList targets = TRY(list_targets(options.targets, options.reach.nats));
  const std::size_t left_out = targets.left_out;
  const std::size_t all = left_out + std::max(targets.picked_from, targets.targets.size());
  auto fleet = std::make_unique<TargetFleet>(io, options, std::move(targets), events);
  if (left_out > 0) {
    fleet->set_resume_note(fmt::format("{} of {} targets have succeeded already, as {} says{}", left_out, all,
                                       options.output.joblog, left_out == all ? ": nothing to do" : ""));
  }
  TRY(fleet->prepare(ignored_signals));
  return fleet;
}

}  // namespace stapsh::client
