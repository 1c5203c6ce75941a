// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_loop.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "agent/background_sweep.h"
#include "agent/error_advice.h"
#include "agent/frame_relay.h"
#include "agent/guardian.h"
#include "agent/outbox.h"
#include "agent/runner_finder.h"
#include "agent/session_record.h"
#include "agent/session_remains.h"
#include "agent/upload.h"
#include "base/assert.h"
#include "base/overloaded.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/epoll_set.h"
#include "sys/executable.h"
#include "sys/io.h"
#include "sys/nonblocking.h"
#include "sys/pipe.h"
#include "sys/process_tree.h"
#include "sys/signal_fd.h"
#include "sys/uname.h"
#include "sys/workspace.h"

namespace stapsh::agent {
namespace {

// Replies that wait for a client that does not read: beyond it we read no further command of theirs.
constexpr std::size_t kRepliesBytesMax = 65'536;
// Frames in one turn, before we look whether somebody has something to say.
constexpr int kFramesPerTurn = 16;
constexpr int kKillRounds = 10;
// How long commands are taken, and how long a report may wait, before we look whether somebody has something to say.
constexpr Duration kCommandsPerTurn = std::chrono::milliseconds(50);
constexpr Duration kReportTimeout = std::chrono::milliseconds(100);

// All descriptors are edge-triggered: `ready` says that a call may succeed, until one would block.
struct Channel {
  bool ready = false;
  sys::Watch watch;
};

class AgentLoop {
 public:
  AgentLoop(const AgentOptions& options, const HelloLine& identity, bool stream_outlives_client)
      : session_([&] {
          AgentSettings settings = options.settings;
          settings.identity.machine = identity.machine;
          settings.identity.release = identity.release;
          settings.stream_outlives_client = stream_outlives_client;
          return settings;
        }()),
        stream_outlives_client_(stream_outlives_client),
        grace_(options.settings.grace) {}

  Result<> open(AgentIo io);
  Result<int> run();
  /// What the next client said: for a stream that outlives its client.
  [[nodiscard]] std::string next_client() const {
    return session_.next_hello() ? *session_.next_hello() + input_ : std::string();
  }

 private:
  enum Source : std::uint64_t { kInput, kOutput, kSignals, kRunnerStdout, kRunnerStderr, kGuardian, kSweep };

  void perform_effects();
  Result<> ensure_workspace();
  [[nodiscard]] Error advised(const Error& error) const;
  void lose_guardian();
  void create_file(const CreateFile& effect);
  void write_file(const WriteFile& effect);
  void commit_file();
  void start_runner(const StartRunner& effect);
  Result<> spawn_runner(const StartRunner& effect);
  Result<> before_exec(pid_t runner);
  Result<> send_reply();
  void note_signals();
  void signal_runner(const SignalRunner& effect);
  void fail_output(const Error& error);
  void lose_peer();
  void discard_output();
  void clean_up();
  void sweep(std::string_view session);
  void finish_sweep();

  /// Whether it descends from us, and from nobody who is not the session's.
  [[nodiscard]] bool is_of_session(pid_t pid) const;
  [[nodiscard]] bool has_session_children() const;
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
  [[nodiscard]] FrameRelay::Manner manner() const { return {session_.timed(), session_.wants_single_frames()}; }
  void say(std::string_view text);

  AgentSession session_;
  bool stream_outlives_client_;
  bool is_connection_ = false;  // Not our standard input and output.
  Duration grace_;
  sys::NonblockingFd in_;
  sys::NonblockingFd out_;
  sys::SignalFd signals_;
  sys::Epoll epoll_;
  Channel in_channel_;
  Channel out_channel_;
  sys::Watch signals_watch_;
  Outbox outbox_{-1};
  FrameRelay relay_{outbox_};

  std::string input_;                       // Read, and not yet taken by the session.
  bool end_of_input_ = false;               // Seen, and not yet told.
  std::optional<std::string> input_error_;  // Why it ended, if the client did not end it.
  sys::Workspace workspace_;
  Guardian guardian_;
  sys::Watch guardian_watch_;
  BackgroundSweep sweep_;
  sys::Watch sweep_watch_;
  SessionRecord record_;
  Upload upload_;
  std::string module_;  // A kernel module's name, without ".ko".
  sys::Child runner_;
  // Children that were ours before we were stapsh: a login script began them and executed us. Not the session's.
  std::vector<pid_t> inherited_;
  bool framed_ = false;
  bool descendants_gone_ = true;
  bool discarding_ = false;     // The runner's output: nobody takes it.
  bool output_failed_ = false;  // Not because the client has gone.
  bool stderr_is_stuck_ = false;
  Duration report_time_left_ = kReportTimeout;  // In this turn.
  bool reap_later_ = false;  // SIGCHLD and the last other signal that came while the runner was being made.
  int stop_signal_ = 0;
  std::optional<int> exit_code_;
};

Result<> AgentLoop::open(AgentIo io) {
  input_ = std::move(io.first_input);
  is_connection_ = io.out > STDERR_FILENO;
  in_ = TRY(sys::open_nonblocking(io.in));
  out_ = TRY(sys::open_nonblocking(io.out));
  outbox_ = Outbox(out_.get());
  epoll_ = TRY(sys::Epoll::create());
  std::vector<int> signals{SIGINT, SIGTERM, SIGQUIT, SIGCHLD};
  if (io.ignores_hangup) {
    STAPSH_ASSERT(::signal(SIGHUP, SIG_IGN) != SIG_ERR);
  } else {
    signals.push_back(SIGHUP);
  }
  signals_ = TRY(sys::SignalFd::create(signals));
  signals_watch_ = TRY(epoll_.add(signals_.fd(), EPOLLIN, kSignals));
  in_channel_.watch = TRY(epoll_.add(in_.get(), EPOLLIN | EPOLLRDHUP | EPOLLET, kInput));
  out_channel_.watch = TRY(epoll_.add(out_.get(), EPOLLOUT | EPOLLET, kOutput));
  in_channel_.ready = true;
  out_channel_.ready = true;
  if (sys::has_children()) inherited_ = sys::children_of_self();
  return sys::become_subreaper();
}

Result<int> AgentLoop::run() {
  while (true) {
    report_time_left_ = kReportTimeout;
    take_input();
    relay();
    flush();
    notice_drained();
    perform_effects();  // A peer that was lost just now is no event.
    if (exit_code_) break;
    // Anything that can go on goes on, after a look for news; else wait for them.
    const bool can_read = (in_channel_.ready || !input_.empty()) && session_.wants_input() && !blocked_on_replies();
    const bool can_relay = relay_.has_more() && outbox_.empty() && !relay_.ask_again_at();
    std::optional<TimePoint> deadline = earlier(session_.next_timer(), relay_.ask_again_at());
    if (can_read || can_relay) deadline = TimePoint::min();
    std::array<sys::Event, 8> events;
    const std::size_t count = TRY(epoll_.wait(events, deadline));
    for (const sys::Event& event : std::span(events).first(count)) {
      switch (event.id) {
        case kInput:
          in_channel_.ready = true;
          if (stream_outlives_client_ && (event.events & (EPOLLERR | EPOLLHUP)) != 0) lose_peer();
          break;
        case kOutput:
          out_channel_.ready = true;
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
        default:
          break;
      }
    }
    // What has come counts, before a client is taken for silent: we may have been the ones who were held.
    take_input();
    session_.on_timer(sys::now());
    perform_effects();
  }
  // The last lines: `exit`, `quit`. A client that does not read gets the grace time.
  const TimePoint deadline = sys::deadline_after(grace_);
  while (!outbox_.empty()) {
    const Result<bool> writable = sys::wait_for(out_.get(), EPOLLOUT, deadline);
    if (!writable || !*writable || sys::now() >= deadline) break;
    out_channel_.ready = true;
    flush();
  }
  return output_failed_ && *exit_code_ == 0 ? 1 : *exit_code_;
}

void AgentLoop::perform_effects() {
  while (std::optional<AgentEffect> effect = session_.next_effect()) {
    std::visit(Overloaded{
                   [&](const SendLine& e) {
                     if (!e.droppable || outbox_.text_bytes() < kRepliesBytesMax) outbox_.add(e.line);
                   },
                   [&](const Report& e) { say(e.text); },
                   [&](const CreateFile& e) { create_file(e); },
                   [&](const WriteFile& e) { write_file(e); },
                   [&](const CommitFile&) { commit_file(); },
                   [&](const AbandonFile&) { upload_.abandon(workspace_); },
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

// The workspace and who guards it: before anything is there that could be left behind.
Result<> AgentLoop::ensure_workspace() {
  if (workspace_.valid()) return {};
  sys::Workspace workspace = TRY(sys::Workspace::create(sys::default_workspace_parent(), session_.session_id()));
  guardian_ = TRY(Guardian::start(workspace));
  guardian_watch_ = TRY(epoll_.add(guardian_.fd(), EPOLLIN, kGuardian));
  workspace_ = std::move(workspace);
  return {};
}

Error AgentLoop::advised(const Error& error) const {
  return with_advice(error, workspace_.valid() ? workspace_.path() : sys::default_workspace_parent());
}

void AgentLoop::lose_guardian() {
  guardian_watch_.reset();
  guardian_.note_gone();
  say("the guardian was killed: stopping, as nobody would clean up after us");
  session_.on_stop_requested("the guardian is gone", sys::now());
}

// --- Files.

void AgentLoop::create_file(const CreateFile& effect) {
  const Result<> place = ensure_workspace();
  if (!place) return session_.on_file_failed(advised(place.error()));
  if (module_.empty() && effect.name.ends_with(".ko")) module_ = effect.name.substr(0, effect.name.size() - 3);
  const Result<> created = upload_.create(workspace_, effect.name, effect.size);
  if (!created) session_.on_file_failed(advised(created.error()));
}

void AgentLoop::write_file(const WriteFile& effect) {
  const Result<> wrote = upload_.write(effect.bytes);
  if (!wrote) session_.on_file_failed(advised(wrote.error()));
}

void AgentLoop::commit_file() {
  if (!upload_.open()) return;
  const Result<> committed = upload_.commit();
  if (!committed) return session_.on_file_failed(advised(committed.error()));
  session_.on_file_done();
}

// --- The runner.

void AgentLoop::start_runner(const StartRunner& effect) {
  framed_ = effect.framed;
  const Result<> started = spawn_runner(effect);
  if (!started) {
    session_.on_runner_failed(advised(started.error()), sys::now());
  } else if (framed_) {
    session_.on_runner_starting();
  }
  if (std::exchange(reap_later_, false)) reap();
  if (const int signo = std::exchange(stop_signal_, 0)) stop_by_signal(signo);
}

Result<> AgentLoop::spawn_runner(const StartRunner& effect) {
  TRY(ensure_workspace());
  sys::SpawnOptions spawn;
  spawn.program = TRY(find_runner(effect.kind));
  spawn.argv = {spawn.program};
  spawn.argv.insert(spawn.argv.end(), effect.args.begin(), effect.args.end());
  spawn.stdin_fd = sys::kDevNull;
  spawn.new_session = true;
  spawn.working_directory_fd = workspace_.fd();
  spawn.extra_env = {std::string(kSessionVariable) + "=" + workspace_.path()};
  // Said by name before OK; exec would say E2BIG behind it.
  TRY(sys::check_arguments(spawn.argv, sys::spawn_environment(spawn)));
  spawn.before_exec = [this](pid_t runner) { return before_exec(runner); };
  record_ = {.agent = ::getpid(),
             .agent_start = sys::process_start(::getpid()).value_or(0),
             .stop_signal = runner_entry(effect.kind).stop_signal,
             .grace = session_.grace()};
  // A module of that name that is loaded already is somebody else's.
  if (effect.kind == RunnerKind::kStaprun && !module_is_loaded(module_)) record_.module = module_;
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
    if (is_connection_) spawn.stdout_fd = spawn.stderr_fd = out_.get();
  }
  runner_ = TRY(sys::spawn(spawn));
  descendants_gone_ = false;
  return {};
}

// Whoever must clean up after us finds the runner by its record; a client reads OK before the first byte.
Result<> AgentLoop::before_exec(pid_t runner) {
  record_.runner = runner;
  record_.runner_start = sys::process_start(runner).value_or(0);
  if (const Result<> wrote = write_record(workspace_, record_); !wrote) {
    return add_context("the session's record", wrote.error());
  }
  if (framed_) return {};
  TRY(send_reply());
  // Nothing more is said until the end, and the runner may share these open files.
  in_.restore_flags();
  out_.restore_flags();
  return {};
}

// An unframed reply must be out before the runner may start. Whoever wants us to stop meanwhile is heard.
Result<> AgentLoop::send_reply() {
  session_.on_runner_starting();
  perform_effects();
  const TimePoint deadline = sys::deadline_after(session_.grace());
  while (true) {
    TRY(outbox_.flush());
    if (outbox_.empty()) return {};
    std::array<pollfd, 3> entries{{{out_.get(), POLLOUT, 0}, {in_.get(), POLLRDHUP, 0}, {signals_.fd(), POLLIN, 0}}};
    if (!TRY(sys::wait_for_any(entries, deadline))) {
      return fail(Errc::kTimeout, "the client does not read the reply to run");
    }
    if (entries[1].revents != 0) return fail(Errc::kPeer, "the client went before it read the reply to run");
    if (entries[2].revents != 0) note_signals();
    if (stop_signal_ != 0) return fail(Errc::kPeer, "stopped before the client read the reply to run");
  }
}

// While the runner is being made there is nobody to reap or to stop yet: start_runner() sees to it.
void AgentLoop::note_signals() {
  while (const std::optional<sys::SignalInfo> info = signals_.read()) {
    if (info->signo == SIGCHLD) {
      reap_later_ = true;
    } else {
      stop_signal_ = info->signo;
    }
  }
}

void AgentLoop::signal_runner(const SignalRunner& effect) {
  // A process that is gone by now needs no signal; one that we may not signal is not ours to stop
  // (set-user-ID staprun reads a hang-up from its stapio, which is ours).
  if (!effect.everyone) {
    if (!runner_.exit_code()) (void)runner_.ref().send(effect.signo);
    return;
  }
  // One that forks faster than we look has a child that we did not see: SIGKILL looks again.
  const int rounds = effect.signo == SIGKILL ? kKillRounds : 1;
  for (int round = 0; round < rounds; ++round) {
    std::size_t signalled = 0;
    for (const pid_t pid : sys::descendants(::getpid())) {
      // Held first, then looked at: by then its number could be another's.
      const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
      if (process && is_of_session(pid) && process->send(effect.signo)) ++signalled;
    }
    if (signalled == 0) break;
  }
}

bool AgentLoop::is_of_session(pid_t pid) const {
  if (!sys::descends_from(pid, ::getpid())) return false;
  std::vector<pid_t> others = inherited_;
  for (const pid_t other : {guardian_.pid(), sweep_.pid()}) {
    if (other > 0) others.push_back(other);
  }
  return std::none_of(others.begin(), others.end(),
                      [pid](pid_t other) { return pid == other || sys::descends_from(pid, other); });
}

bool AgentLoop::has_session_children() const {
  if (inherited_.empty()) return sys::has_children();
  const std::vector<pid_t> children = sys::children_of_self();
  return std::any_of(children.begin(), children.end(), [this](pid_t pid) { return is_of_session(pid); });
}

void AgentLoop::take_signals() {
  while (const std::optional<sys::SignalInfo> info = signals_.read()) {
    if (info->signo == SIGCHLD) {
      reap();
    } else {
      stop_by_signal(info->signo);
    }
  }
}

void AgentLoop::stop_by_signal(int signo) { session_.on_stop_requested("signal " + std::to_string(signo), sys::now()); }

void AgentLoop::reap() {
  for (const sys::Reaped& reaped : sys::reap_available()) {
    std::erase(inherited_, reaped.pid);
    if (reaped.pid != runner_.pid()) continue;
    runner_.note_reaped(reaped.exit_code);
    session_.on_runner_exited(reaped.exit_code, sys::now());
  }
  if (session_.runner_lives() && runner_.exit_code() && !descendants_gone_ && !has_session_children()) {
    descendants_gone_ = true;
    relay_.look_again();
    session_.on_descendants_gone(sys::now());
  }
}

// --- Bytes in.

void AgentLoop::take_input() {
  if (blocked_on_replies() || (!in_channel_.ready && input_.empty() && !end_of_input_)) return perform_effects();
  // What comes after the end of this session may be the next client's.
  const bool may_read = !stream_outlives_client_ || session_.wants_input();
  if (input_.empty() && !end_of_input_ && in_channel_.ready && may_read) {
    input_.resize(65'536);
    const Result<sys::IoResult> got = in_.read(input_);
    input_.resize(got ? got->bytes : 0);
    end_of_input_ = !got || got->end;
    if (!got) input_error_ = "commands: " + got.error().what;
    if (end_of_input_ || got->would_block) in_channel_.ready = in_channel_.watch.always_ready() && !end_of_input_;
    if (end_of_input_ && stream_outlives_client_) lose_peer();
  }
  std::size_t taken = 0;
  const TimePoint turn_ends = sys::now() + kCommandsPerTurn;
  while (taken < input_.size() && !blocked_on_replies()) {
    const std::size_t more = session_.on_bytes(std::string_view(input_).substr(taken), sys::now());
    taken += more;
    perform_effects();                                // Outcomes decide whether the session wants more.
    if (more == 0 && !session_.wants_input()) break;  // The outcome of a sweep comes by itself.
    if (session_.next_hello() || sys::now() >= turn_ends) break;
  }
  input_.erase(0, taken);
  if (session_.next_hello()) lose_peer();
  if (input_.empty() && end_of_input_) {
    end_of_input_ = false;
    input_error_ ? session_.on_input_failed(*input_error_, sys::now()) : session_.on_end_of_input(sys::now());
  }
  perform_effects();
}

// --- Bytes out.

void AgentLoop::relay() {
  if (discarding_) return relay_.discard();
  for (int frames = 0; frames < kFramesPerTurn && relay_.queue_frame(manner()); ++frames) flush();
  if (!relay_.error()) return;
  // A stream with a hole in it must not end as if it were whole: it breaks off here.
  say("the runner's output: " + relay_.error()->what + "; stopping");
  lose_peer();
}

void AgentLoop::flush() {
  if (outbox_.empty() || !out_channel_.ready) return;
  const Result<Outbox::Flushed> flushed = outbox_.flush();
  if (!flushed) return fail_output(flushed.error());
  out_channel_.ready = !flushed->would_block;
  if (flushed->output) session_.on_output_progress(sys::now());
}

// A client that has gone is no error; a full disk is one.
void AgentLoop::fail_output(const Error& error) {
  if (error.sys_errno != EPIPE && error.sys_errno != ECONNRESET) {
    output_failed_ = true;
    say("what the client is told: " + error.what);
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

void AgentLoop::clean_up() {
  std::vector<LeftLine> left;
  if (workspace_.valid()) {
    unload_modules(record_);
    // Looked at, not assumed: by the kernel's own count, since all that descends from the runner has come to us by now;
    // and by name where it says that somebody is there.
    if (record_.runner > 0 && has_session_children()) {
      for (const pid_t pid : session_processes(record_, workspace_, true))
        left.push_back({"process", std::to_string(pid)});
    }
    for (std::string& module : session_modules(record_)) left.push_back({"module", std::move(module)});
    const std::string path = workspace_.path();
    if (!left.empty()) {
      // Its record tells the next sweep where to go on.
      left.push_back({"directory", path});
      workspace_.abandon();
    } else if (const Result<> removed = workspace_.remove(); !removed) {
      say(removed.error().what);
      left.push_back({"directory", path});
    }
    guardian_watch_.reset();
    guardian_.dismiss();
  }
  session_.on_cleaned_up(left);
}

void AgentLoop::sweep(std::string_view session) {
  Result<BackgroundSweep> started = BackgroundSweep::start(session);
  Result<sys::Watch> watch = started ? epoll_.add(started->fd(), EPOLLIN, kSweep) : fail(started.error());
  if (!watch) {
    say("cannot sweep: " + watch.error().what);
    return session_.on_swept(0, 1);
  }
  sweep_ = *std::move(started);
  sweep_watch_ = *std::move(watch);
}

void AgentLoop::finish_sweep() {
  sweep_watch_.reset();
  const Swept swept = std::exchange(sweep_, {}).finish();
  session_.on_swept(swept.removed, swept.left);
}

void AgentLoop::say(std::string_view text) {
  const std::string line = "stapsh: " + std::string(text) + "\n";
  // Standard error may be gone or full; that must not change what happens. Of a turn's reports, the waits count
  // together; once one was waited for in vain, those that do not go at once are dropped.
  const TimePoint begin = sys::now();
  const Result<> said = sys::write_all(STDERR_FILENO, line, stderr_is_stuck_ ? Duration{} : report_time_left_);
  stderr_is_stuck_ = !said && said.error().code == Errc::kTimeout;
  report_time_left_ = std::max(report_time_left_ - (sys::now() - begin), Duration{});
}

}  // namespace

Result<int> run_session(const AgentOptions& options, AgentIo io) {
  const sys::Uname kernel = sys::kernel_uname();
  std::string* const next_client = io.next_client;
  AgentLoop loop(options, HelloLine{{}, kernel.machine, kernel.release}, next_client != nullptr);
  TRY(loop.open(std::move(io)));
  const int code = TRY(loop.run());
  if (next_client != nullptr) *next_client = loop.next_client();
  return code;
}

}  // namespace stapsh::agent
