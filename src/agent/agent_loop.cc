// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_loop.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "agent/agent_loop_class.h"
#include "agent/environment_look.h"
#include "agent/error_advice.h"
#include "base/assert.h"
#include "base/overloaded.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/uname.h"

namespace stapsh::agent {
namespace {

// Frames in one turn, before we look whether somebody has something to say.
constexpr int kFramesPerTurn = 16;
// How long commands are taken, before we look whether somebody has something to say.
constexpr Duration kCommandsPerTurn = std::chrono::milliseconds(50);

}  // namespace

Result<> AgentLoop::open(AgentIo io) {
  is_connection_ = io.out > STDERR_FILENO;
  epoll_ = TRY(sys::Epoll::create());
  TRY(input_.open(io.in, std::move(io.first_input), epoll_, kInput));
  out_ = TRY(sys::open_nonblocking(io.out));
  outbox_ = Outbox(out_.get());
  out_watch_ = TRY(epoll_.add(out_.get(), EPOLLOUT | EPOLLET, kOutput));
  out_ready_ = true;
  std::vector<int> signals{SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGCHLD};
  if (io.ignores_hangup) {
    STAPSH_ASSERT(::signal(SIGHUP, SIG_IGN) != SIG_ERR);
  } else {
    signals.push_back(SIGHUP);
  }
  signals_ = TRY(sys::SignalFd::create(signals));
  signals_watch_ = TRY(epoll_.add(signals_.fd(), EPOLLIN, kSignals));
  session_.on_start(sys::now());
  return children_.begin();
}

Result<int> AgentLoop::run() {
  while (true) {
    reports_.begin_turn();
    take_input();
    relay();
    flush();
    notice_drained();
    perform_effects();  // A peer that was lost just now is no event.
    if (exit_code_) break;
    // Anything that can go on goes on, after a look for news; else wait for them.
    const bool can_read = input_.may_have_bytes() && session_.wants_input() && !blocked_on_replies();
    const bool can_relay = relay_.has_more() && outbox_.empty() && !relay_.ask_again_at();
    std::optional<TimePoint> deadline =
        earlier(earlier(session_.next_timer(), relay_.ask_again_at()), earlier(watch_.next_look(), unload_ends_));
    if (signatures_.asks()) deadline = earlier(deadline, signatures_.deadline());
    if (can_read || can_relay || children_.reaps_more()) deadline = TimePoint::min();
    std::array<sys::Event, 8> events;
    const std::size_t count = TRY(epoll_.wait(events, deadline));
    for (const sys::Event& event : std::span(events).first(count)) {
      switch (event.id) {
        case kInput:
          input_.on_readable();
          if (stream_outlives_client_ && (event.events & (EPOLLERR | EPOLLHUP)) != 0) lose_peer();
          break;
        case kOutput:
          out_ready_ = true;
          if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) lose_peer();
          break;
        case kSignals:
          take_signals();
          break;
        case kRunnerStdout:
          relay_.on_readable(Stream::kStdout);
          break;
        case kRunnerStderr:
          relay_.on_readable(Stream::kStderr);
          break;
        case kGuardian:
          lose_guardian();
          break;
        case kSweep:
          finish_sweep();
          break;
        case kInquiry:
          finish_inquiry();
          break;
        case kSignatures:
          if (signatures_.read()) finish_verifying();
          break;
        case kUnload:
          watch_unload(unload_.advance());
          break;
        default:
          break;
      }
    }
    // What has come counts, before a client is taken for silent: we may have been the ones who were held.
    take_input();
    if (children_.reaps_more()) reap();
    watch_activity();
    if (signatures_.asks() && sys::now() >= signatures_.deadline()) finish_verifying();
    if (unload_ends_ && sys::now() >= *unload_ends_) watch_unload(false);
    session_.on_timer(sys::now());
    if (session_.next_hello()) lose_peer();
    perform_effects();
  }
  // The last lines: `exit`, `quit`. A client that does not read gets the grace time.
  const TimePoint deadline = sys::deadline_after(grace_);
  while (!outbox_.empty()) {
    const Result<bool> writable = sys::wait_for(out_.get(), EPOLLOUT, deadline);
    if (!writable || !*writable || sys::now() >= deadline) break;
    out_ready_ = true;
    flush();
  }
  if (*exit_code_ != 0 && session_.client_is_ours()) let_client_close();
  return output_failed_ && *exit_code_ == 0 ? 1 : *exit_code_;
}

void AgentLoop::perform_effects() {
  while (std::optional<AgentEffect> effect = session_.next_effect()) {
    std::visit(Overloaded{
                   [&](const SendLine& e) {
                     if (!e.droppable || outbox_.text_bytes() < kRepliesBytesMax) outbox_.add(e.line);
                   },
                   [&](const SayClock&) { outbox_.add(clock_answer(sys::wall_now())); },
                   [&](const SayEnvironment& e) { outbox_.add(environment_answer(look_at_environment(e.policy))); },
                   [&](const Report& e) { reports_.say(e.text); },
                   [&](const CreateFile& e) { create_file(e); },
                   [&](const WriteFile& e) { write_file(e); },
                   [&](const CommitFile& e) { commit_file(e); },
                   [&](const TakeKept& e) { take_kept(e); },
                   [&](const BeginKeeping&) { begin_keeping(); },
                   [&](const AbandonFile&) { upload_.abandon(place_.workspace()); },
                   [&](const StartRunner& e) { start_runner(e); },
                   [&](const SignalRunner& e) { signal_runner(e); },
                   [&](const DiscardOutput&) { discard_output(); },
                   [&](const CleanUp&) { clean_up(); },
                   [&](const Sweep& e) { sweep(e.session); },
                   [&](const FindRunners&) { find_runners(); },
                   [&](const WriteLog& e) { try_log(e.record); },
                   [&](const VerifySignatures& e) { verify(e); },
                   [&](const EndSession& e) {
                     // Only now: it would log the end of a run if we died before we had. No last line is out yet.
                     place_.dismiss_guardian();
                     exit_code_ = e.exit_code;
                   },
               },
               *effect);
  }
}

Result<> AgentLoop::ensure_workspace() {
  Result<> made = place_.ensure(session_.session_id(), cgroup_limits(), epoll_, kGuardian);
  if (const std::optional<Error> why = place_.take_unrecorded()) {
    reports_.say("no record is kept of this session, only its guardian knows of it: " + why->what);
  }
  return made;
}

void AgentLoop::lose_guardian() {
  place_.note_guardian_gone();
  reports_.say("the guardian was killed: stopping, as nobody would clean up after us");
  session_.on_stop_requested("the guardian is gone", sys::now());
}

// --- The runner.

void AgentLoop::signal_runner(const SignalRunner& effect) {
  effect.everyone ? children_.signal_all(effect.signo, helpers()) : children_.signal_runner(effect.signo);
}

// Of those that wait the one with the lowest number comes first, but a runner that has ended already is not stopped.
void AgentLoop::take_signals() {
  bool ended = false;
  std::vector<int> stops;
  while (const std::optional<sys::SignalInfo> info = signals_.read()) {
    if (info->signo == SIGCHLD) {
      ended = true;
    } else if (asks_for_stop(*info)) {
      stops.push_back(info->signo);
    }
  }
  if (ended) reap();
  for (const int signo : stops) stop_by_signal(signo);
}

void AgentLoop::stop_by_signal(int signo) { session_.on_stop_requested("signal " + std::to_string(signo), sys::now()); }

void AgentLoop::reap() {
  place_.keep_guardian_going();
  if (const std::optional<sys::Reaped> runner = children_.reap()) {
    if (session_.memory() && sys::has_passed_memory_limit(children_.cgroup())) {
      session_.on_limit_passed("it used more than " + std::to_string(*session_.memory()) +
                               " bytes of memory (limit memory= of the policy)");
    }
    session_.on_runner_exited(runner->exit_code, runner->signalled, sys::now());
  }
  if (children_.is_killing() && children_.exist(helpers())) children_.signal_all(SIGKILL, helpers());
  if (session_.runner_lives() && !descendants_gone_ && children_.all_gone(helpers())) {
    descendants_gone_ = true;
    relay_.look_again();
    session_.on_descendants_gone(sys::now());
  }
}

// --- Bytes in.

void AgentLoop::take_input() {
  if (blocked_on_replies() || !input_.has_news()) return perform_effects();
  // What comes after the end of this session may be the next client's.
  const bool may_read = !stream_outlives_client_ || session_.wants_input();
  if (may_read && input_.fill() && stream_outlives_client_) lose_peer();
  std::size_t taken = 0;
  const TimePoint turn_ends = sys::now() + kCommandsPerTurn;
  while (taken < input_.bytes().size() && !blocked_on_replies()) {
    const std::size_t more = session_.on_bytes(std::string_view(input_.bytes()).substr(taken), sys::now());
    taken += more;
    perform_effects();                                // Outcomes decide whether the session wants more.
    if (more == 0 && !session_.wants_input()) break;  // The outcome of a sweep comes by itself.
    if (session_.next_hello() || sys::now() >= turn_ends) break;
  }
  input_.take(taken);
  if (session_.next_hello()) lose_peer();
  if (const std::optional<ClientInput::End> end = input_.take_end()) {
    end->error ? session_.on_input_failed(*end->error, sys::now()) : session_.on_end_of_input(sys::now());
  }
  perform_effects();
}

// --- Bytes out.

void AgentLoop::relay() {
  if (discarding_) {
    prints_to_nobody_ = relay_.discard() || prints_to_nobody_;
    return;
  }
  for (int frames = 0; frames < kFramesPerTurn && relay_.queue_frame(manner()); ++frames) flush();
  if (!relay_.error()) return;
  // A stream with a hole in it must not end as if it were whole: it breaks off here.
  reports_.say("the runner's output: " + relay_.error()->what + "; stopping");
  lose_peer();
}

void AgentLoop::flush() {
  if (outbox_.empty() || !out_ready_) return;
  const Result<Outbox::Flushed> flushed = outbox_.flush();
  if (!flushed) return fail_output(flushed.error());
  out_ready_ = !flushed->would_block;
  if (flushed->output) session_.on_output_progress(flushed->bytes, sys::now());
}

// A client that has gone is no error; a full disk is one.
void AgentLoop::fail_output(const Error& error) {
  if (error.sys_errno != EPIPE && error.sys_errno != ECONNRESET) {
    output_failed_ = true;
    reports_.say("what the client is told: " + error.what);
  }
  lose_peer();
}

void AgentLoop::lose_peer() {
  if (outbox_.abandoned()) return;
  outbox_.abandon();
  discarding_ = true;
  session_.on_peer_gone(sys::now());
}

// A frame that was begun can't be finished: the stream ends there. An idle wire still carries the last lines.
void AgentLoop::discard_output() {
  discarding_ = true;
  if (!outbox_.empty()) outbox_.abandon();
}

void AgentLoop::notice_drained() {
  if (!session_.runner_lives() || !descendants_gone_) return;
  if (relay_.has_more() || !outbox_.empty() || (!discarding_ && !relay_.reader_is_done(manner()))) return;
  session_.on_output_drained();
  perform_effects();
}

Result<int> run_session(const AgentOptions& options, AgentIo io) {
  const sys::Uname kernel = sys::kernel_uname();
  std::string* const next_client = io.next_client;
  AgentLoop loop(options, HelloLine{{}, kernel.machine, kernel.release}, io);
  TRY(loop.open(std::move(io)));
  const int code = TRY(loop.run());
  if (next_client != nullptr) *next_client = loop.next_client();
  return code;
}

}  // namespace stapsh::agent
