// SPDX-License-Identifier: Apache-2.0
// What agent_loop.h promises, as a class: one session's descriptors, processes and files, and the effects on them.
// agent_loop.cc has the loop, its effects and the bytes; agent_loop_files.cc files; agent_loop_start.cc which runners
// there are, and how one starts, until its client has read so; agent_loop_end.cc how it is watched while it is stopped,
// and what is done when all is over.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "agent/agent_loop.h"
#include "agent/audit_log.h"
#include "agent/background_sweep.h"
#include "agent/client_input.h"
#include "agent/frame_relay.h"
#include "agent/guarded_workspace.h"
#include "agent/kept_modules.h"
#include "agent/outbox.h"
#include "agent/policy_file.h"
#include "agent/report_writer.h"
#include "agent/runner_inquiry.h"
#include "agent/runner_watch.h"
#include "agent/session_children.h"
#include "agent/session_module.h"
#include "agent/session_peer.h"
#include "agent/session_record.h"
#include "agent/signature_inquiry.h"
#include "agent/upload.h"
#include "base/result.h"
#include "session/agent_session.h"
#include "sys/cgroup_limits.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/epoll_set.h"
#include "sys/nonblocking.h"
#include "sys/signal_fd.h"
#include "sys/workspace.h"

namespace stapsh::agent {

// Replies that wait for a client that does not read: beyond it we read no further command of theirs.
inline constexpr std::size_t kRepliesBytesMax = 65'536;

// A write to a pipe without a reader sends its writer SIGPIPE: that one is our own, and EPIPE has told us.
inline bool asks_for_stop(const sys::SignalInfo& info) { return info.signo != SIGPIPE || info.sender != ::getpid(); }

// A guest's port: who is at its other end, nobody tells.
inline bool stream_outlives(const AgentIo& io) { return io.next_client != nullptr; }

class AgentLoop {
 public:
  AgentLoop(const AgentOptions& options, const HelloLine& identity, const AgentIo& io)
      : session_([&] {
          AgentSettings settings = options.settings;
          settings.identity.machine = identity.machine;
          settings.identity.release = identity.release;
          settings.stream_outlives_client = stream_outlives(io);
          apply_policy(settings,
                       stream_outlives(io) ? policy::Peer{{}, {}, options.as} : session_peer(io.in, options.as),
                       options.needs_policy);
          if (const Result<> place = sys::check_workspace_parent(sys::default_workspace_parent()); !place) {
            settings.complaint = place.error().what;
          }
          return settings;
        }()),
        origin_(session_origin(io.in, stream_outlives(io))),
        stream_outlives_client_(stream_outlives(io)),
        grace_(session_.stop_times().grace),
        kept_bytes_max_(options.kept_bytes_max),
        upload_(io.quota) {}

  Result<> open(AgentIo io);
  Result<int> run();
  /// What the next client said: for a stream that outlives its client.
  [[nodiscard]] std::string next_client() const {
    return session_.next_hello() ? *session_.next_hello() + input_.bytes() : std::string();
  }

 private:
  enum Source : std::uint64_t {
    kInput,
    kOutput,
    kSignals,
    kRunnerStdout,
    kRunnerStderr,
    kGuardian,
    kSweep,
    kUnload,
    kInquiry,
    kSignatures
  };

  void perform_effects();
  void be_unable(const Error& error) { session_.on_unable(place_.advised(error).what, sys::now()); }
  [[nodiscard]] sys::CgroupLimits cgroup_limits() const { return {session_.tasks(), session_.memory()}; }
  Result<> ensure_workspace();
  void lose_guardian();
  void create_file(const CreateFile& effect);
  void write_file(const WriteFile& effect);
  void commit_file(const CommitFile& effect);
  Result<> keep_file(const std::string& digest);
  void note_module(const std::string& file_name);
  void begin_keeping();
  void take_kept(const TakeKept& effect);
  Result<> copy_kept(const KeptModules::Found& found, const TakeKept& effect);
  void start_runner(const StartRunner& effect);
  Result<> log_start(const policy::AuditRecord& record);
  void forget_logged_run();
  Result<> write_log(policy::AuditRecord record);
  void try_log(const policy::AuditRecord& record);
  Result<> spawn_runner(const StartRunner& effect);
  Result<> contain(sys::SpawnOptions& spawn);
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
  void find_runners();
  void finish_inquiry();
  void verify(const VerifySignatures& effect);
  void finish_verifying();

  /// See SessionChildren::Helpers.
  [[nodiscard]] std::array<pid_t, 4> helpers() const {
    return {place_.guardian_pid(), sweep_.pid(), inquiry_.pid(), signatures_.pid()};
  }
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
  std::string origin_;  // For the log.
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
  RunnerInquiry inquiry_;
  sys::Watch inquiry_watch_;
  SignatureInquiry signatures_;
  sys::Watch signatures_watch_;
  SessionRecord record_;
  std::optional<policy::AuditRecord> log_of_start_;  // Of the runner that is being made.
  std::uint64_t kept_bytes_max_;
  KeptModules kept_;
  Upload upload_;
  std::string module_;   // A kernel module's name, without ".ko".
  std::string program_;  // The runner's name.
  SessionChildren children_;
  RunnerWatch watch_;
  ModuleUnload unload_;
  sys::Watch unload_watch_;
  std::optional<TimePoint> unload_ends_;  // While a module is unloaded.
  bool log_failed_ = false;
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

}  // namespace stapsh::agent
