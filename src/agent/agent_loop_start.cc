// SPDX-License-Identifier: Apache-2.0
// Which runners there are, and who has signed a run. From `run` to the runner's first byte: it is made, its record
// written, the reply sent and read, and then it is executed.
#include <poll.h>

#include <array>
#include <utility>

#include "agent/agent_loop_class.h"
#include "agent/error_advice.h"
#include "agent/reply_reading.h"
#include "agent/runner_start.h"
#include "sys/clock.h"
#include "sys/executable.h"
#include "sys/io.h"
#include "sys/process_tree.h"

namespace stapsh::agent {

void AgentLoop::find_runners() {
  inquiry_ = RunnerInquiry::begin();
  Result<sys::Watch> watch =
      inquiry_.asks() ? epoll_.add(inquiry_.fd(), EPOLLIN, kInquiry) : Result<sys::Watch>(sys::Watch());
  if (watch) inquiry_watch_ = *std::move(watch);
  if (!inquiry_watch_.active()) finish_inquiry();
}

void AgentLoop::finish_inquiry() {
  inquiry_watch_.reset();
  session_.on_runners_found(std::exchange(inquiry_, {}).finish());
}

void AgentLoop::verify(const VerifySignatures& effect) {
  signatures_ = SignatureInquiry::begin(effect, place_.workspace());
  Result<sys::Watch> watch =
      signatures_.asks() ? epoll_.add(signatures_.fd(), EPOLLIN, kSignatures) : Result<sys::Watch>(sys::Watch());
  if (watch) signatures_watch_ = *std::move(watch);
  if (!signatures_watch_.active()) finish_verifying();
}

void AgentLoop::finish_verifying() {
  signatures_watch_.reset();
  session_.on_signatures_verified(std::exchange(signatures_, {}).finish(), sys::wall_now(), sys::now());
}

void AgentLoop::start_runner(const StartRunner& effect) {
  framed_ = effect.framed;
  const Result<> started = spawn_runner(effect);
  if (!started && !session_.runner_lives()) forget_logged_run();
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
  log_of_start_ = effect.log;
  program_ = runner_name(effect.kind);
  if (const std::optional<std::uint64_t> rate = session_.output_rate()) {
    relay_.limit(*rate);
    session_.on_note("its output is at most " + std::to_string(*rate) +
                     " bytes a second (limit output= of the policy)");
  }
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
  TRY(contain(spawn));
  sys::Child runner = TRY(sys::spawn(spawn));
  children_.set_runner(std::move(runner));
  descendants_gone_ = false;
  return {};
}

// What a policy bounds holds, or nothing runs.
Result<> AgentLoop::contain(sys::SpawnOptions& spawn) {
  const sys::CgroupLimits limits = cgroup_limits();
  const Result<> contained = children_.make_cgroup(record_.cgroup, limits);
  if (!contained && limits.any()) return add_context("limit tasks= and memory= of the policy", contained.error());
  if (!contained) session_.on_note("the runner has no cgroup of its own: " + contained.error().what);
  spawn.cgroup_fd = children_.cgroup().fd();
  spawn.only_in_cgroup = limits.any();
  return {};
}

// What carries the output may carry the client's commands as well: the runner gets ends that can't be read. A socket
// has no such end, so its output goes through us, as it does where it has a limit; both of its streams through one pipe
// where they are one, in their order.
Result<std::array<sys::UniqueFd, 2>> AgentLoop::open_bare_output(sys::SpawnOptions& spawn) {
  std::array<sys::UniqueFd, 2> ends;
  if (out_.is_socket() || session_.output_rate()) {
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
  if (log_of_start_) log_of_start_->from = origin_;
  if (log_of_start_) record_.logged = logged_run(*log_of_start_);
  TRY(place_.write(record_));
  if (log_of_start_) TRY(log_start(*log_of_start_));
  if (framed_) return {};
  TRY(send_reply());
  if (session_.client_is_released()) let_client_read();
  if (bare_relay_) return {};
  // Nothing more is said until the end, and the runner may share these open files.
  input_.restore_flags();
  out_.restore_flags();
  return {};
}

// Of what did not start, nobody has to log the end.
void AgentLoop::forget_logged_run() {
  if (std::exchange(record_.logged, {}).who.empty()) return;
  if (const Result<> wrote = place_.write(record_); !wrote) session_.on_note(wrote.error().what);
}

Result<> AgentLoop::write_log(policy::AuditRecord record) {
  record.from = origin_;
  // All of a session by one name: that of its workspace, also before there is one, and after it.
  if (const std::string& path = place_.begun_record().workspace; !path.empty()) {
    record.session = path.substr(path.rfind('/') + 1);
  } else if (!record.session.empty()) {
    record.session = sys::Workspace::name_of(record.session);
  }
  return write_audit(record);
}

Result<> AgentLoop::log_start(const policy::AuditRecord& record) {
  if (record.asked == policy::Logging::kRequired) return write_log(record);
  try_log(record);
  return {};
}

// Once it is said that nothing is logged, it is not said again.
void AgentLoop::try_log(const policy::AuditRecord& record) {
  const Result<> wrote = write_log(record);
  if (wrote || record.asked == policy::Logging::kNone) return;
  if (!std::exchange(log_failed_, true)) reports_.say(wrote.error().what);
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

}  // namespace stapsh::agent
