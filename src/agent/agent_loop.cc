// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_loop.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "agent/background_sweep.h"
#include "agent/client_input.h"
#include "agent/error_advice.h"
#include "agent/frame_relay.h"
#include "agent/guarded_workspace.h"
#include "agent/outbox.h"
#include "agent/reply_reading.h"
#include "agent/report_writer.h"
#include "agent/runner_start.h"
#include "agent/runner_watch.h"
#include "agent/session_children.h"
#include "agent/session_module.h"
#include "agent/session_record.h"
#include "agent/upload.h"
#include "base/assert.h"
#include "base/overloaded.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/epoll_set.h"
#include "sys/executable.h"
#include "sys/io.h"
#include "sys/nonblocking.h"
#include "sys/process_tree.h"
#include "sys/signal_fd.h"
#include "sys/uname.h"

namespace stapsh::agent {
namespace {

// Replies that wait for a client that does not read: beyond it we read no further command of theirs.
constexpr std::size_t kRepliesBytesMax = 65'536;
// Frames in one turn, before we look whether somebody has something to say.
constexpr int kFramesPerTurn = 16;
// How long commands are taken, before we look whether somebody has something to say.
constexpr Duration kCommandsPerTurn = std::chrono::milliseconds(50);
// How long an agent that fails waits for its client to have read why.
constexpr Duration kFarewellLimit = std::chrono::milliseconds(500);

// A write to a pipe without a reader sends its writer SIGPIPE: that one is our own, and EPIPE has told us.
bool asks_for_stop(const sys::SignalInfo& info) { return info.signo != SIGPIPE || info.sender != ::getpid(); }

class AgentLoop {
 public:
  AgentLoop(const AgentOptions& options, const HelloLine& identity, const AgentIo& io)
      : session_([&] {
          AgentSettings settings = options.settings;
          settings.identity.machine = identity.machine;
          settings.identity.release = identity.release;
          settings.stream_outlives_client = io.next_client != nullptr;
          if (const Result<> place = sys::check_workspace_parent(sys::default_workspace_parent()); !place) {
            settings.complaint = place.error().what;
          }
          return settings;
        }()),
        stream_outlives_client_(io.next_client != nullptr),
        grace_(options.settings.stop_times.grace),
        upload_(io.quota) {}

  Result<> open(AgentIo io);
  Result<int> run();
  /// What the next client said: for a stream that outlives its client.
  [[nodiscard]] std::string next_client() const {
    return session_.next_hello() ? *session_.next_hello() + input_.bytes() : std::string();
  }

 private:
  enum Source : std::uint64_t { kInput, kOutput, kSignals, kRunnerStdout, kRunnerStderr, kGuardian, kSweep, kUnload };

  void perform_effects();
  void be_unable(const Error& error) { session_.on_unable(place_.advised(error).what, sys::now()); }
  Result<> ensure_workspace();
  void lose_guardian();
  void create_file(const CreateFile& effect);
  void write_file(const WriteFile& effect);
  void commit_file();
  void start_runner(const StartRunner& effect);
  Result<> spawn_runner(const StartRunner& effect);
  Result<std::array<sys::UniqueFd, 2>> open_bare_output(sys::SpawnOptions& spawn);
  Result<> before_exec(pid_t runner);
  Result<> send_reply();
  void let_client_read();
  void let_client_close();
  void note_signals();
  void signal_runner(const SignalRunner& effect);
  void fail_output(const Error& error);
  void lose_peer();
  void discard_output();
  void clean_up();
  void watch_unload(bool active);
  void finish_clean_up();
  void watch_activity();
  void sweep(std::string_view session);
  void finish_sweep();

  /// See SessionChildren::Helpers.
  [[nodiscard]] std::array<pid_t, 2> helpers() const { return {place_.guardian_pid(), sweep_.pid()}; }
  void take_input();
  void take_signals();
  void stop_by_signal(int signo);
  void reap();
  void relay();
  void flush();
  void notice_drained();
  [[nodiscard]] bool blocked_on_replies() const {
    return !session_.runner_lives() && outbox_.text_bytes() > kRepliesBytesMax;
  }
  [[nodiscard]] FrameRelay::Manner manner() const {
    return {session_.timed(), session_.wants_single_frames(), !framed_};
  }

  AgentSession session_;
  bool stream_outlives_client_;
  bool is_connection_ = false;  // Not our standard input and output.
  Duration grace_;
  ReportWriter reports_{STDERR_FILENO};
  sys::SignalFd signals_;
  sys::Epoll epoll_;
  sys::Watch signals_watch_;
  ClientInput input_;
  sys::NonblockingFd out_;
  sys::Watch out_watch_;    // Edge-triggered,
  bool out_ready_ = false;  // so this says that a write may succeed, until one would block.
  Outbox outbox_{-1};
  FrameRelay relay_{outbox_};

  GuardedWorkspace place_;
  BackgroundSweep sweep_;
  sys::Watch sweep_watch_;
  std::set<std::string> sweep_notes_;  // That were said.
  SessionRecord record_;
  Upload upload_;
  std::string module_;   // A kernel module's name, without ".ko".
  std::string program_;  // The runner's name.
  SessionChildren children_;
  RunnerWatch watch_;
  ModuleUnload unload_;
  sys::Watch unload_watch_;
  std::optional<TimePoint> unload_ends_;  // While a module is unloaded.
  bool framed_ = false;
  bool bare_relay_ = false;  // Output that is not framed passes through us.
  bool descendants_gone_ = true;
  bool discarding_ = false;        // The runner's output: nobody takes it.
  bool prints_to_nobody_ = false;  // There was some since the last look.
  bool output_failed_ = false;     // Not because the client has gone.
  bool reap_later_ = false;        // SIGCHLD and the last other signal that came while the runner was being made.
  int stop_signal_ = 0;
  std::optional<int> exit_code_;
};

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
                   [&](const Report& e) { reports_.say(e.text); },
                   [&](const CreateFile& e) { create_file(e); },
                   [&](const WriteFile& e) { write_file(e); },
                   [&](const CommitFile&) { commit_file(); },
                   [&](const AbandonFile&) { upload_.abandon(place_.workspace()); },
                   [&](const StartRunner& e) { start_runner(e); },
                   [&](const SignalRunner& e) { signal_runner(e); },
                   [&](const DiscardOutput&) { discard_output(); },
                   [&](const CleanUp&) { clean_up(); },
                   [&](const Sweep& e) { sweep(e.session); },
                   [&](const EndSession& e) { exit_code_ = e.exit_code; },
               },
               *effect);
  }
}

Result<> AgentLoop::ensure_workspace() {
  Result<> made = place_.ensure(session_.session_id(), epoll_, kGuardian);
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

// --- Files.

void AgentLoop::create_file(const CreateFile& effect) {
  const Result<> place = ensure_workspace();
  if (!place)
    return is_lack_of_processes(place.error()) ? be_unable(place.error())
                                               : session_.on_file_failed(place_.advised(place.error()));
  if (module_.empty() && effect.name.ends_with(".ko")) module_ = effect.name.substr(0, effect.name.size() - 3);
  const Result<> created = upload_.create(place_.workspace(), effect.name, effect.size);
  if (!created) session_.on_file_failed(place_.advised(created.error()));
}

void AgentLoop::write_file(const WriteFile& effect) {
  const Result<> wrote = upload_.write(effect.bytes);
  if (!wrote) session_.on_file_failed(place_.advised(wrote.error()));
}

void AgentLoop::commit_file() {
  if (!upload_.open()) return;
  const Result<> committed = upload_.commit();
  if (!committed) return session_.on_file_failed(place_.advised(committed.error()));
  session_.on_file_done();
}

// --- The runner.

void AgentLoop::start_runner(const StartRunner& effect) {
  framed_ = effect.framed;
  const Result<> started = spawn_runner(effect);
  if (!started && is_lack_of_processes(started.error()) && !session_.runner_lives()) {
    be_unable(started.error());
  } else if (!started) {
    session_.on_runner_failed(place_.advised(started.error()), sys::now());
  } else if (framed_) {
    session_.on_runner_starting();
    relay_.note_reply();
  }
  if (std::exchange(reap_later_, false)) reap();
  if (const int signo = std::exchange(stop_signal_, 0)) stop_by_signal(signo);
}

Result<> AgentLoop::spawn_runner(const StartRunner& effect) {
  TRY(ensure_workspace());
  const sys::Workspace& workspace = place_.workspace();
  if (workspace.is_gone())
    return fail(Errc::kSystem, workspace.path() + ": somebody has removed it, and the files in it");
  sys::SpawnOptions spawn = TRY(runner_options(effect, place_.workspace()));
  spawn.before_exec = [this](pid_t runner) { return before_exec(runner); };
  record_ = TRY(runner_record(effect, session_.stop_times().grace, module_, place_.begun_record()));
  program_ = runner_name(effect.kind);
  std::array<sys::UniqueFd, 2> write_ends;
  if (effect.framed) {
    // A socket must not make splice wait; where it refuses, frames are copied.
    TRY(out_.prepare_splice());
    write_ends = TRY(relay_.open(epoll_, kRunnerStdout, kRunnerStderr));
    spawn.stdout_fd = write_ends[0].get();
    spawn.stderr_fd = write_ends[1].get();
  } else {
    // Once OK is out it is too late for ERROR, so what exec would refuse is asked before.
    TRY(sys::check_executable(spawn.program));
    // A port must not wait for a host that has gone, so it can't be a runner's output.
    if (stream_outlives_client_) return fail(Errc::kPeer, "at a guest's port output comes in frames; say option data");
    write_ends = TRY(open_bare_output(spawn));
  }
  const Result<> contained = children_.make_cgroup(record_.cgroup);
  if (!contained) session_.on_note("the runner has no cgroup of its own: " + contained.error().what);
  spawn.cgroup_fd = children_.cgroup().fd();
  sys::Child runner = TRY(sys::spawn(spawn));
  children_.set_runner(std::move(runner));
  descendants_gone_ = false;
  return {};
}

// What carries the output may carry the client's commands as well: the runner gets ends that can't be read. A socket
// has no such end, so its output goes through us; both of its streams through one pipe where they are one, in their
// order.
Result<std::array<sys::UniqueFd, 2>> AgentLoop::open_bare_output(sys::SpawnOptions& spawn) {
  std::array<sys::UniqueFd, 2> ends;
  if (out_.is_socket()) {
    TRY(out_.prepare_splice());
    ends = TRY(relay_.open(epoll_, kRunnerStdout, kRunnerStderr));
    bare_relay_ = true;
  } else {
    ends[0] = sys::open_write_end(STDOUT_FILENO);
  }
  if (ends[0].valid()) spawn.stdout_fd = ends[0].get();
  if (bare_relay_ && (is_connection_ || sys::is_same_file(out_.get(), STDERR_FILENO))) {
    spawn.stderr_fd = ends[0].get();
  } else {
    ends[1] = sys::open_write_end(STDERR_FILENO);
    if (ends[1].valid()) spawn.stderr_fd = ends[1].get();
  }
  return ends;
}

// Whoever must clean up after us finds the runner by its record; a client reads OK before the first byte.
Result<> AgentLoop::before_exec(pid_t runner) {
  record_.runner = runner;
  record_.runner_start = sys::process_start(runner).value_or(0);
  TRY(place_.write(record_));
  if (framed_) return {};
  TRY(send_reply());
  if (session_.client_is_released()) let_client_read();
  if (bare_relay_) return {};
  // Nothing more is said until the end, and the runner may share these open files.
  input_.restore_flags();
  out_.restore_flags();
  return {};
}

// An unframed reply must be out before the runner may start. Whoever wants us to stop meanwhile is heard.
Result<> AgentLoop::send_reply() {
  session_.on_runner_starting();
  perform_effects();
  const TimePoint deadline = sys::deadline_after(session_.stop_times().grace);
  while (true) {
    TRY(outbox_.flush());
    if (outbox_.empty()) return {};
    std::array<pollfd, 3> entries{{{out_.get(), POLLOUT, 0}, {input_.fd(), POLLRDHUP, 0}, {signals_.fd(), POLLIN, 0}}};
    if (!TRY(sys::wait_for_any(entries, deadline))) {
      return fail(Errc::kTimeout, "the client does not read the reply to run");
    }
    if (entries[1].revents != 0) return fail(Errc::kPeer, "the client went before it read the reply to run");
    if (entries[2].revents != 0) note_signals();
    if (stop_signal_ != 0) return fail(Errc::kPeer, "stopped before the client read the reply to run");
  }
}

// Whoever wants us to stop, or stops talking to us, waits no longer.
void AgentLoop::let_client_read() {
  ReplyReading reading(out_.get(), sys::now());
  while (const std::optional<TimePoint> look_at = reading.look(sys::now())) {
    std::array<pollfd, 2> entries{{{input_.fd(), POLLRDHUP, 0}, {signals_.fd(), POLLIN, 0}}};
    const Result<bool> news = sys::wait_for_any(entries, *look_at);
    if (entries[1].revents != 0) note_signals();
    if (!news || entries[0].revents != 0 || stop_signal_ != 0) return;
  }
}

// A relay whose child fails may drop what it has read and not passed on: socat does, `exit` and `quit` among it. Our
// client closes when it has read its last line.
void AgentLoop::let_client_close() {
  const TimePoint deadline = sys::deadline_after(kFarewellLimit);
  while (!outbox_.abandoned() && !stream_outlives_client_ && sys::now() < deadline && !input_.skip()) {
    std::array<pollfd, 2> entries{{{input_.fd(), POLLIN | POLLRDHUP, 0}, {signals_.fd(), POLLIN, 0}}};
    const Result<bool> news = sys::wait_for_any(entries, deadline);
    if (entries[1].revents != 0) note_signals();
    if (!news || stop_signal_ != 0) return;
  }
}

// While the runner is being made there is nobody to reap or to stop yet: start_runner() sees to it.
void AgentLoop::note_signals() {
  while (const std::optional<sys::SignalInfo> info = signals_.read()) {
    if (info->signo == SIGCHLD) {
      reap_later_ = true;
    } else if (asks_for_stop(*info)) {
      stop_signal_ = info->signo;
    }
  }
}

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

// A runner that says nothing may be at work: it is looked at before the session's time to press it harder comes.
void AgentLoop::watch_activity() {
  if (!session_.wants_activity()) return watch_.end();
  const TimePoint now = sys::now();
  watch_.begin(session_.rung_time(), now);
  if (!watch_.due(now)) return;
  Activity activity = watch_.look(children_.living(helpers()).pids, module_states(record_), now);
  // What it does is to go on printing, and nobody takes it: that is no way to an end.
  if (std::exchange(prints_to_nobody_, false)) activity = Activity::kNone;
  session_.on_activity(activity, watch_.line(unload_ends_ ? "staprun" : program_), now);
}

void AgentLoop::clean_up() {
  watch_.end();
  unload_ends_ = sys::deadline_after(session_.stop_times().limit);
  watch_unload(place_.exists() && unload_.start(record_));
}

// The rest of the cleaning up follows when the last module is unloaded, or can't be.
void AgentLoop::watch_unload(bool active) {
  unload_watch_.reset();
  Result<sys::Watch> watch = active ? epoll_.add(unload_.fd(), EPOLLIN, kUnload) : Result<sys::Watch>(sys::Watch());
  if (watch) unload_watch_ = *std::move(watch);
  if (!unload_watch_.active()) finish_clean_up();
}

void AgentLoop::finish_clean_up() {
  unload_ends_.reset();
  std::vector<LeftLine> left;
  if (place_.exists()) {
    // Looked at, not assumed.
    children_.look_what_is_left(helpers(), left);
    look_for_modules(record_, left);
  }
  if (const Result<> closed = place_.close(left); !closed) reports_.say(closed.error().what);
  session_.on_cleaned_up(left);
}

void AgentLoop::sweep(std::string_view session) {
  Result<BackgroundSweep> started = BackgroundSweep::start(session);
  Result<sys::Watch> watch = started ? epoll_.add(started->fd(), EPOLLIN, kSweep) : fail(started.error());
  if (!watch) return be_unable(watch.error());
  sweep_ = *std::move(started);
  sweep_watch_ = *std::move(watch);
}

void AgentLoop::finish_sweep() {
  sweep_watch_.reset();
  Swept swept = std::exchange(sweep_, {}).finish();
  // A client asks again and again while something is left.
  std::erase_if(swept.notes, [this](const std::string& note) { return !sweep_notes_.insert(note).second; });
  session_.on_swept(swept.removed, swept.left, swept.notes);
}

}  // namespace

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
