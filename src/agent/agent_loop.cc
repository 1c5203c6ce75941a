// SPDX-License-Identifier: Apache-2.0
#include "agent/agent_loop.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "agent/guardian.h"
#include "agent/outbox.h"
#include "agent/runner_finder.h"
#include "agent/session_record.h"
#include "agent/session_remains.h"
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
// Up to here a frame is copied behind its header and leaves in one packet; above, splicing is cheaper.
constexpr std::size_t kCopiedFrameBytesMax = 8'192;
// Between two frames to a client that wants them one by one: the least time, unless the frame is big
// (then more is likely to come, which wakes that client), and how often we look whether it has read.
constexpr Duration kFramePause = std::chrono::milliseconds(10);
constexpr std::size_t kBigFrameBytes = 65'536;
constexpr Duration kUnreadPollMin = std::chrono::milliseconds(1);
constexpr Duration kUnreadPollMax = std::chrono::milliseconds(50);
constexpr std::size_t kRunnerPipeBytes = std::size_t{1} << 20;
// An unframed reply must be out before the runner may start.
constexpr Duration kReplyTimeout = std::chrono::seconds(30);

// All descriptors are edge-triggered: `ready` says that a call may succeed, until one would block.
struct Channel {
  bool ready = false;
  sys::Watch watch;
};

class AgentLoop {
 public:
  AgentLoop(const AgentOptions& options, const HelloLine& identity)
      : session_([&] {
          AgentSettings settings = options.settings;
          settings.identity.machine = identity.machine;
          settings.identity.release = identity.release;
          return settings;
        }()),
        grace_(options.settings.grace) {}

  Result<> open(AgentIo io);
  Result<int> run();

 private:
  enum Source : std::uint64_t { kInput, kOutput, kSignals, kRunnerStdout, kRunnerStderr };
  struct RunnerPipe {
    sys::UniqueFd read_end;
    Channel channel;
    bool at_end = true;
  };

  void perform_effects();
  Result<> ensure_workspace();
  void create_file(const CreateFile& effect);
  void write_file(const WriteFile& effect);
  void commit_file();
  void abandon_file();
  void start_runner(const StartRunner& effect);
  Result<> spawn_runner(const StartRunner& effect);
  Result<> before_exec(pid_t runner);
  Result<> send_reply();
  void signal_runner(const SignalRunner& effect);
  void lose_peer();
  void clean_up();
  void sweep();
  [[nodiscard]] bool has_session_children() const;

  void take_input();
  void take_signals();
  void reap();
  void relay();
  [[nodiscard]] bool may_send_frame();
  void note_frame(std::size_t bytes);
  bool relay_from(Stream stream);
  void discard_from(RunnerPipe& pipe);
  void flush();
  void notice_drained();
  [[nodiscard]] bool blocked_on_replies() const {
    return !session_.runner_lives() && outbox_.text_bytes() > kRepliesBytesMax;
  }
  RunnerPipe& runner_pipe(Stream stream) { return runner_pipes_[stream == Stream::kStdout ? 0 : 1]; }
  void say(std::string_view text);

  AgentSession session_;
  Duration grace_;
  sys::NonblockingFd in_;
  sys::NonblockingFd out_;
  sys::SignalFd signals_;
  sys::Epoll epoll_;
  Channel in_channel_;
  Channel out_channel_;
  sys::Watch signals_watch_;
  Outbox outbox_{-1};

  std::string input_;          // Read, and not yet taken by the session.
  bool end_of_input_ = false;  // Seen, and not yet told.
  sys::Workspace workspace_;
  Guardian guardian_;
  SessionRecord record_;
  sys::UniqueFd file_;  // The file that is being received.
  std::string file_name_;
  std::string module_;  // A kernel module's name, without ".ko".
  sys::Child runner_;
  bool framed_ = false;
  bool descendants_gone_ = true;
  TimePoint next_frame_at_;  // For a client that wants frames one by one.
  Duration unread_poll_ = kUnreadPollMin;
  bool waits_for_reader_ = false;  // It has not read the last one, or the pause is not over.
  std::array<RunnerPipe, 2> runner_pipes_;
  std::optional<int> exit_code_;
};

Result<> AgentLoop::open(AgentIo io) {
  in_ = TRY(sys::open_nonblocking(io.in));
  out_ = TRY(sys::open_nonblocking(io.out));
  outbox_ = Outbox(out_.get());
  epoll_ = TRY(sys::Epoll::create());
  signals_ = TRY(sys::SignalFd::create({SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGCHLD}));
  signals_watch_ = TRY(epoll_.add(signals_.fd(), EPOLLIN, kSignals));
  in_channel_.watch = TRY(epoll_.add(in_.get(), EPOLLIN | EPOLLRDHUP | EPOLLET, kInput));
  out_channel_.watch = TRY(epoll_.add(out_.get(), EPOLLOUT | EPOLLET, kOutput));
  in_channel_.ready = true;
  out_channel_.ready = true;
  return sys::become_subreaper();
}

Result<int> AgentLoop::run() {
  while (true) {
    take_input();
    relay();
    flush();
    notice_drained();
    if (exit_code_) break;
    // Anything that can go on goes on; else wait for news.
    const bool can_read = in_channel_.ready && session_.wants_input() && !blocked_on_replies();
    const bool can_relay =
        outbox_.empty() && !waits_for_reader_ && (runner_pipes_[0].channel.ready || runner_pipes_[1].channel.ready);
    if (can_read || can_relay) continue;
    std::array<sys::Event, 8> events;
    std::optional<TimePoint> deadline = session_.next_timer();
    unread_poll_ = waits_for_reader_ ? std::min(unread_poll_ * 2, kUnreadPollMax) : kUnreadPollMin;
    if (waits_for_reader_) deadline = earlier(deadline, std::max(next_frame_at_, sys::now() + unread_poll_));
    const std::size_t count = TRY(epoll_.wait(events, deadline));
    for (const sys::Event& event : std::span(events).first(count)) {
      switch (event.id) {
        case kInput:
          in_channel_.ready = true;
          break;
        case kOutput:
          out_channel_.ready = true;
          if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) lose_peer();
          break;
        case kSignals:
          take_signals();
          break;
        case kRunnerStdout:
          runner_pipes_[0].channel.ready = true;
          break;
        case kRunnerStderr:
          runner_pipes_[1].channel.ready = true;
          break;
        default:
          break;
      }
    }
    session_.on_timer(sys::now());
    perform_effects();
  }
  // The last lines: `exit`, `quit`. A client that does not read gets the grace time.
  const TimePoint deadline = sys::deadline_after(grace_);
  while (!outbox_.empty()) {
    const Result<bool> writable = sys::wait_for(out_.get(), EPOLLOUT, deadline);
    if (!writable || !*writable) break;
    flush();
  }
  return *exit_code_;
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
                   [&](const AbandonFile&) { abandon_file(); },
                   [&](const StartRunner& e) { start_runner(e); },
                   [&](const SignalRunner& e) { signal_runner(e); },
                   [&](const DiscardOutput&) { outbox_.abandon(); },
                   [&](const CleanUp&) { clean_up(); },
                   [&](const Sweep&) { sweep(); },
                   [&](const EndSession& e) { exit_code_ = e.exit_code; },
               },
               *effect);
  }
}

// The workspace and who guards it: before anything is there that could be left behind.
Result<> AgentLoop::ensure_workspace() {
  if (workspace_.valid()) return {};
  sys::Workspace workspace = TRY(sys::Workspace::create());
  guardian_ = TRY(Guardian::start(workspace));
  workspace_ = std::move(workspace);
  return {};
}

// --- Files. Once one has failed, what still comes for it is ignored: no file is open then.

void AgentLoop::create_file(const CreateFile& effect) {
  file_name_ = effect.name;
  const Result<> place = ensure_workspace();
  if (!place) return session_.on_file_failed(place.error());
  if (module_.empty() && effect.name.ends_with(".ko")) module_ = effect.name.substr(0, effect.name.size() - 3);
  Result<sys::UniqueFd> file = workspace_.create_file(effect.name, effect.size);
  if (!file) return session_.on_file_failed(file.error());
  file_ = *std::move(file);
}

void AgentLoop::write_file(const WriteFile& effect) {
  std::string_view bytes = effect.bytes;
  while (file_.valid() && !bytes.empty()) {
    const Result<sys::IoResult> wrote = sys::write_some(file_.get(), bytes);
    if (!wrote) return session_.on_file_failed(wrote.error());
    bytes.remove_prefix(wrote->bytes);
  }
}

void AgentLoop::commit_file() {
  if (!file_.valid()) return;
  // Some file systems say only here that the disk is full.
  const Result<> closed = sys::close_checked(std::move(file_), file_name_);
  if (!closed) return session_.on_file_failed(closed.error());
  session_.on_file_done();
}

void AgentLoop::abandon_file() {
  file_.reset();
  // What stays of it goes with the workspace.
  if (workspace_.valid()) (void)workspace_.remove_file(file_name_);
}

// --- The runner.

void AgentLoop::start_runner(const StartRunner& effect) {
  framed_ = effect.framed;
  const Result<> started = spawn_runner(effect);
  if (!started) {
    session_.on_runner_failed(started.error(), sys::now());
  } else if (framed_) {
    session_.on_runner_starting();
  }
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
  spawn.before_exec = [this](pid_t runner) { return before_exec(runner); };
  record_ = {-1, 0, runner_entry(effect.kind).stop_signal, session_.grace(), {}};
  // A module of that name that is loaded already is somebody else's.
  if (effect.kind == RunnerKind::kStaprun && !module_is_loaded(module_)) record_.module = module_;
  std::array<sys::UniqueFd, 2> write_ends;
  if (effect.framed) {
    // A socket must not make splice wait; where it refuses, frames are copied.
    TRY(out_.prepare_splice());
    for (std::size_t i = 0; i < runner_pipes_.size(); ++i) {
      sys::Pipe pipe = TRY(sys::make_pipe({.nonblocking_read = true}));
      sys::grow_pipe(pipe.read_end.get(), kRunnerPipeBytes);
      RunnerPipe& mine = runner_pipes_[i];
      mine.read_end = std::move(pipe.read_end);
      mine.channel.watch =
          TRY(epoll_.add(mine.read_end.get(), EPOLLIN | EPOLLET, i == 0 ? kRunnerStdout : kRunnerStderr));
      mine.at_end = false;
      write_ends[i] = std::move(pipe.write_end);
    }
    spawn.stdout_fd = write_ends[0].get();
    spawn.stderr_fd = write_ends[1].get();
  } else {
    // Once OK is out it is too late for ERROR, so what exec would refuse is asked before.
    TRY(sys::check_executable(spawn.program));
  }
  runner_ = TRY(sys::spawn(spawn));
  descendants_gone_ = false;
  return {};
}

// Whoever must clean up after us finds the runner by its record; a client reads OK before the first byte.
Result<> AgentLoop::before_exec(pid_t runner) {
  record_.runner = runner;
  record_.runner_start = sys::process_start(runner).value_or(0);
  TRY(write_record(workspace_, record_));
  if (framed_) return {};
  return send_reply();
}

Result<> AgentLoop::send_reply() {
  session_.on_runner_starting();
  perform_effects();
  const TimePoint deadline = sys::deadline_after(kReplyTimeout);
  while (!outbox_.empty()) {
    TRY(outbox_.flush());
    if (outbox_.empty()) break;
    if (!TRY(sys::wait_for(out_.get(), EPOLLOUT, deadline))) {
      return fail(Errc::kTimeout, "the client does not read the reply to run");
    }
  }
  return {};
}

void AgentLoop::signal_runner(const SignalRunner& effect) {
  // A process that is gone by now needs no signal; one that we may not signal is not ours to stop
  // (set-user-ID staprun reads a hang-up from its stapio, which is ours).
  if (!effect.everyone) {
    if (!runner_.exit_code()) (void)runner_.ref().send(effect.signo);
    return;
  }
  const std::vector<pid_t> guardians = sys::descendants(guardian_.pid());  // It may unload what others left.
  for (const pid_t pid : sys::descendants(::getpid())) {
    if (pid == guardian_.pid() || std::find(guardians.begin(), guardians.end(), pid) != guardians.end()) continue;
    const Result<sys::ProcessRef> process = sys::ProcessRef::open(pid);
    if (process) (void)process->send(effect.signo);
  }
}

void AgentLoop::take_signals() {
  while (const std::optional<sys::SignalInfo> info = signals_.read()) {
    if (info->signo == SIGCHLD) {
      reap();
    } else {
      session_.on_stop_requested("signal " + std::to_string(info->signo), sys::now());
    }
  }
}

void AgentLoop::reap() {
  for (const sys::Reaped& reaped : sys::reap_available()) {
    if (guardian_.watches() && reaped.pid == guardian_.pid()) {
      guardian_.note_gone();
      say("the guardian was killed: stopping, as nobody would clean up after us");
      session_.on_stop_requested("the guardian is gone", sys::now());
    }
    if (reaped.pid != runner_.pid()) continue;
    runner_.note_reaped(reaped.exit_code);
    session_.on_runner_exited(reaped.exit_code, sys::now());
  }
  if (session_.runner_lives() && runner_.exit_code() && !descendants_gone_ && !has_session_children()) {
    descendants_gone_ = true;
    // What was written before the last of them ended is in the pipes; edges may lie behind us.
    for (RunnerPipe& pipe : runner_pipes_) pipe.channel.ready = !pipe.at_end;
    session_.on_descendants_gone(sys::now());
  }
}

bool AgentLoop::has_session_children() const {
  if (!guardian_.watches()) return sys::has_children();
  const std::vector<pid_t> children = sys::children_of_self();
  return std::any_of(children.begin(), children.end(), [this](pid_t pid) { return pid != guardian_.pid(); });
}

// --- Bytes in.

void AgentLoop::take_input() {
  if (blocked_on_replies() || (!in_channel_.ready && input_.empty() && !end_of_input_)) return perform_effects();
  if (input_.empty() && !end_of_input_ && in_channel_.ready) {
    input_.resize(65'536);
    const Result<sys::IoResult> got = sys::read_some(in_.get(), input_);
    input_.resize(got ? got->bytes : 0);
    end_of_input_ = !got || got->end;  // A connection that fails has ended.
    if (end_of_input_ || got->would_block) in_channel_.ready = in_channel_.watch.always_ready() && !end_of_input_;
  }
  std::size_t taken = 0;
  while (taken < input_.size() && !blocked_on_replies()) {
    taken += session_.on_bytes(std::string_view(input_).substr(taken), sys::now());
    perform_effects();  // Outcomes decide whether the session wants more.
  }
  input_.erase(0, taken);
  if (input_.empty() && end_of_input_) {
    end_of_input_ = false;
    session_.on_end_of_input(sys::now());
  }
  perform_effects();
}

// --- Bytes out.

void AgentLoop::relay() {
  if (outbox_.abandoned()) {
    for (RunnerPipe& pipe : runner_pipes_) discard_from(pipe);
    return;
  }
  // Alternating, so that a flood on one stream does not hide the other.
  while (outbox_.empty() && may_send_frame() && (relay_from(Stream::kStderr) || relay_from(Stream::kStdout))) flush();
}

// Released clients handle one frame for each time they wake, and at `quit` forget the others. So they get
// the next one, or `quit`, when they have read the last.
bool AgentLoop::may_send_frame() {
  waits_for_reader_ = session_.wants_single_frames() && !outbox_.abandoned() &&
                      (sys::now() < next_frame_at_ || sys::bytes_unread(out_.get()) > 0);
  return !waits_for_reader_;
}

void AgentLoop::note_frame(std::size_t bytes) {
  if (session_.wants_single_frames() && bytes < kBigFrameBytes) next_frame_at_ = sys::now() + kFramePause;
}

// Begins a frame of what waits in the stream's pipe. False if nothing does.
bool AgentLoop::relay_from(Stream stream) {
  RunnerPipe& pipe = runner_pipe(stream);
  if (!pipe.channel.ready) return false;
  DataLine data{stream, 0, std::nullopt};
  if (session_.timed()) data.time = sys::wall_now();
  const Result<std::size_t> waiting = sys::bytes_available(pipe.read_end.get());
  if (waiting && *waiting > kCopiedFrameBytesMax) {
    data.size = *waiting;
    outbox_.add_frame(format_agent_line(data), pipe.read_end.get(), *waiting);
    note_frame(*waiting);
    return true;
  }
  std::array<char, kCopiedFrameBytesMax> buffer;
  const Result<sys::IoResult> got = sys::read_some(pipe.read_end.get(), buffer);
  if (!got || got->end || got->would_block) {
    pipe.channel.ready = false;
    pipe.at_end = !got || got->end;
    return false;
  }
  data.size = got->bytes;
  outbox_.add(format_agent_line(data));
  outbox_.add(std::string_view(buffer.data(), got->bytes));
  note_frame(got->bytes);
  return true;
}

// Nobody takes it any more, and a runner that waits for room could not end.
void AgentLoop::discard_from(RunnerPipe& pipe) {
  std::array<char, 65'536> buffer;
  while (pipe.channel.ready) {
    const Result<sys::IoResult> got = sys::read_some(pipe.read_end.get(), buffer);
    if (got && got->bytes > 0) continue;
    pipe.channel.ready = false;
    pipe.at_end = !got || got->end;
  }
}

void AgentLoop::flush() {
  if (outbox_.empty() || !out_channel_.ready) return;
  const Result<Outbox::Flushed> flushed = outbox_.flush();
  if (!flushed) return lose_peer();
  out_channel_.ready = !flushed->would_block;
  if (flushed->bytes > 0) session_.on_output_progress(sys::now());
}

void AgentLoop::lose_peer() {
  if (outbox_.abandoned()) return;
  outbox_.abandon();
  session_.on_peer_gone(sys::now());
}

void AgentLoop::notice_drained() {
  if (!session_.runner_lives() || !descendants_gone_) return;
  const bool waiting = runner_pipes_[0].channel.ready || runner_pipes_[1].channel.ready;
  if (waiting || !outbox_.empty() || !may_send_frame()) return;
  session_.on_output_drained();
  perform_effects();
}

void AgentLoop::clean_up() {
  file_.reset();
  std::vector<LeftLine> left;
  if (workspace_.valid()) {
    unload_modules(record_);
    // Looked at, not assumed.
    if (record_.runner > 0) {
      for (const pid_t pid : session_processes(record_, workspace_)) left.push_back({"process", std::to_string(pid)});
    }
    for (std::string& module : session_modules(record_)) left.push_back({"module", std::move(module)});
    const std::string path = workspace_.path();
    const Result<> removed = workspace_.remove();
    if (!removed) {
      say(removed.error().what);
      left.push_back({"directory", path});
    }
    guardian_.dismiss();
  }
  session_.on_cleaned_up(left);
}

void AgentLoop::sweep() {
  const Swept swept = sweep_dead_sessions();
  session_.on_swept(swept.removed, swept.left);
}

void AgentLoop::say(std::string_view text) {
  const std::string line = "stapsh: " + std::string(text) + "\n";
  // Standard error may be gone or full; that must not change what happens.
  (void)sys::write_all(STDERR_FILENO, line, std::chrono::milliseconds(100));
}

}  // namespace

Result<int> run_session(const AgentOptions& options, AgentIo io) {
  const sys::Uname kernel = sys::kernel_uname();
  AgentLoop loop(options, HelloLine{{}, kernel.machine, kernel.release});
  TRY(loop.open(io));
  return loop.run();
}

}  // namespace stapsh::agent
