// SPDX-License-Identifier: Apache-2.0
// One session as the agent sees it: bytes and events in, effects out. Rules: docs/protocol.md.
// Pure: no descriptor, clock, log, thread or global in this file.
//
// Two questions make up its state: what the next byte of input is (Input), and how far the runner's
// life has come (Life). Every input is defined in every state.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "policy/policy_decision.h"
#include "protocol/agent_line.h"
#include "protocol/command.h"
#include "protocol/found_runners.h"
#include "protocol/limits.h"
#include "protocol/line_reader.h"
#include "session/agent_dialect.h"
#include "session/agent_effect.h"
#include "session/keepalive.h"
#include "session/next_client.h"
#include "session/run_signatures.h"
#include "session/stop_ladder.h"

namespace stapsh {

/// Whose the limits are that a client is told of.
struct LimitNames {
  std::string run = "--deadline-max";
  std::string idle = "--idle-timeout of stapsh";
  std::string files_bytes = "files-bytes-max";
};

struct AgentSettings {
  HelloLine identity;  ///< What the hello is answered with.
  Limits limits;
  StopTimes stop_times;  ///< Where the client asks for no others.
  OptionMaxima maxima;
  LimitNames names;
  bool force_rfc = false;  ///< The rfc dialect, whatever version the client says.
  unsigned verbose = 0;    ///< Above 0: debug text.
  /// How long the hello may take to come, from on_start(). None: for ever.
  std::optional<Duration> hello_timeout;
  /// After it, how long a client may say nothing while no runner lives; a ping is something. None: for ever.
  std::optional<Duration> idle_timeout;
  std::string complaint;  ///< What is reported at the hello, unless it is empty.
  /// A guest's port: the stream stays when its client goes, so a second hello is another client's.
  bool stream_outlives_client = false;
  /// What may run here, by its owner's policy. None: everything. Its bounds are applied already (policy_bounds.h).
  std::optional<policy::Gate> gate;
  /// The most bytes of a run's output in a second: more comes later. None: as fast as it goes.
  std::optional<std::uint64_t> output_rate;
  /// What a runner and all that it starts may use together: processes and threads, and bytes of memory. None: as much
  /// as the agent.
  std::optional<std::uint64_t> tasks, memory;
};

/// What a client is told that was not in time with its hello.
std::string no_hello_text(const AgentSettings& settings);

class AgentSession {
 public:
  explicit AgentSession(AgentSettings settings);

  // In. Any split of the bytes gives the same effects.

  void on_start(TimePoint now);
  /// Returns how many bytes were taken. Fewer than offered: an effect's outcome decides what the rest
  /// means; offer it again after that. Drain the effects before the bytes go away.
  std::size_t on_bytes(std::string_view bytes, TimePoint now);
  /// After the last byte was taken.
  void on_end_of_input(TimePoint now);
  /// It could not be read any more: `reason`.
  void on_input_failed(std::string_view reason, TimePoint now);
  /// We can do nothing for this client: `reason`. It is told, and the session ends.
  void on_unable(std::string_view reason, TimePoint now);
  /// A signal to the agent, a lost guardian: stop, clean up, end.
  void on_stop_requested(std::string_view reason, TimePoint now);
  /// What we send is not received by anyone any more.
  void on_peer_gone(TimePoint now);

  void on_file_done();
  void on_file_failed(const Error& error);
  /// Files are kept in `folder`.
  void on_keeping(const std::string& folder);
  /// None are: why.
  void on_no_keeping(const Error& error);
  void on_kept_taken(std::uint64_t size);
  void on_kept_absent(const Error& error);

  /// The runner is about to execute; its first byte comes after our reply.
  void on_runner_starting();
  /// It can't be executed after all.
  void on_runner_failed(const Error& error, TimePoint now);
  /// 0..255; 128 + N for signal N, and then it is `signalled`.
  void on_runner_exited(int exit_code, bool signalled, TimePoint now);
  /// Before that: it, or a process of its, was ended because it passed a limit. `reason` is for the client.
  void on_limit_passed(std::string_view reason);
  /// The runner and all that it started are gone.
  void on_descendants_gone(TimePoint now);
  /// Output of the runner was taken by the peer.
  void on_output_progress(std::uint64_t bytes, TimePoint now);
  /// What was seen of the runner, or of who unloads its module; `line` is for the client.
  void on_activity(Activity activity, const WorkingLine& line, TimePoint now);
  /// With all descendants gone: nothing of their output is left to send.
  void on_output_drained();
  /// With what is still there after all.
  /// Something for who wants details.
  void on_note(std::string_view text) { debug(text); }
  void on_cleaned_up(const std::vector<LeftLine>& left = {});
  /// `notes`: what there is to say to a person about it.
  void on_swept(std::uint64_t removed, std::uint64_t left, const std::vector<std::string>& notes = {});
  void on_runners_found(const FoundRunners& runners);
  /// In the order of the questions; `wall`: what time it is.
  void on_signatures_verified(std::vector<policy::Signers> answers, WallTime wall, TimePoint now);
  void on_timer(TimePoint now);

  // Out.

  /// Drain after every input; perform in order.
  std::optional<AgentEffect> next_effect();
  /// When on_timer() is wanted.
  [[nodiscard]] std::optional<TimePoint> next_timer() const {
    return earlier(
        earlier(earlier(ladder_.escalate_at(), next_client_.stalls_at()), earlier(keepalive_.next(), deadline_at_)),
        patience_ends_at());
  }
  /// Whether somebody is waited for who may be at work without a word: look again and again, and say on_activity().
  [[nodiscard]] bool wants_activity() const;
  /// Whether on_bytes() would take a byte now.
  [[nodiscard]] bool wants_input() const;
  [[nodiscard]] bool runner_lives() const { return std::holds_alternative<RunnerLives>(life_); }
  [[nodiscard]] bool ended() const { return std::holds_alternative<Ended>(life_); }
  /// With frames: whether they carry the time.
  [[nodiscard]] bool timed() const { return dialect_.timed; }
  /// The client is of our kind: it asked for `exit`.
  [[nodiscard]] bool client_is_ours() const { return dialect_.says_exit; }
  /// It is a released one: it drops what it reads together with the reply to `run`.
  [[nodiscard]] bool client_is_released() const { return !dialect_.says_exit && !rfc_; }
  /// And it may lose all but the first of the frames that reach it together.
  [[nodiscard]] bool wants_single_frames() const { return dialect_.framed && !dialect_.says_exit; }
  /// Where the stream outlives its client: the next one's hello, which ended this session. What follows it is not
  /// taken.
  [[nodiscard]] const std::optional<std::string>& next_hello() const { return next_client_.found_hello(); }
  /// See AgentSettings.
  [[nodiscard]] std::optional<std::uint64_t> output_rate() const { return settings_.output_rate; }
  [[nodiscard]] std::optional<std::uint64_t> tasks() const { return settings_.tasks; }
  [[nodiscard]] std::optional<std::uint64_t> memory() const { return settings_.memory; }
  /// As options may have changed them.
  [[nodiscard]] const StopTimes& stop_times() const { return dialect_.stop_times; }
  /// What a rung of a stop lasts while nothing gets on: the grace time, or what the limit leaves of it.
  [[nodiscard]] Duration rung_time() const { return ladder_.grace(); }
  /// What the client calls this session; the workspace's own name.
  [[nodiscard]] const std::optional<std::string>& session_id() const { return dialect_.session_id; }

 private:
  // Input: what the next byte is.
  struct ReadingLine {};
  struct ReceivingData {
    enum class Use {
      kFile,
      kArg,
      kSignature,
      kManifest,
      kDiscard
    } use;             // kDiscard: it was refused, and that has been said.
    std::string name;  // Of the file; for messages.
    std::uint64_t bytes_left;
    std::string digest = {};  // That it must have; empty: any.
  };
  // A file being closed or taken, a runner being started, a sweep, a look for runners, signatures being verified.
  struct AwaitingOutcome {
    std::string file_name;
    std::string digest = {};     // Of a file being taken.
    std::string objection = {};  // Why the file will not do, whatever becomes of closing it.
  };
  struct Deaf {};  // End of input, or bytes that can't be told apart any more.
  using Input = std::variant<ReadingLine, ReceivingData, AwaitingOutcome, Deaf>;

  // Life: where the runner is.
  struct NoRunner {};
  struct RunnerLives {
    std::optional<int> exit_code;  // Of the runner, once it has ended.
    bool signalled = false;        // A signal ended it.
    bool descendants_gone = false;
    bool drained = false;
  };
  struct CleaningUp {
    int exit_code;
    bool signalled;  // It stands for a signal that ended the runner.
  };
  struct Ended {};
  using Life = std::variant<NoRunner, RunnerLives, CleaningUp, Ended>;

  std::size_t take_line(std::string_view bytes, TimePoint now);
  std::size_t take_data(ReceivingData& data, std::string_view bytes);
  void make_way(std::string_view hello, TimePoint now);
  void begin_data(ReceivingData data, std::string_view error);
  void refuse_data(ReceivingData& data, std::string_view reason);
  void finish_data(const ReceivingData& data);
  void finish_file(const ReceivingData& data);
  std::string refuse_kind(const std::string& file_name);
  void remember_file(const std::string& name, bool verified);
  void forget_file();
  void perform(const Command& command, TimePoint now);
  void hello(const HelloCommand& command, TimePoint now);
  void set_option(const OptionCommand& command);
  void begin_file(const FileCommand& command);
  [[nodiscard]] std::string why_no_file(const std::string& name) const;
  void have(const HaveCommand& command);
  void begin_arg(const ArgCommand& command);
  void begin_signature(const SignatureCommand& command);
  void begin_manifest(const ManifestCommand& command);
  void finish_manifest();
  void run(const RunCommand& command, TimePoint now);
  void check(const CheckCommand& command, TimePoint now);
  void decide(policy::RunRequest request, bool is_run, TimePoint now);
  void conclude(policy::RunRequest request, bool is_run, TimePoint now);
  void stop(TimePoint now);
  void climb(TimePoint now);
  void lose_stream(std::string_view reason, TimePoint now);
  void stop_unasked(std::string_view reason, TimePoint now);
  void finish_when_all_gone();
  void say_killed(TimePoint now);
  void clean_up(int exit_code, bool signalled = false);

  [[nodiscard]] std::optional<TimePoint> patience_ends_at() const;
  void lose_patience(TimePoint now);
  [[nodiscard]] bool rfc() const { return rfc_; }
  [[nodiscard]] RunnerKind runner_kind() const;
  [[nodiscard]] std::string policy_answer() const;
  [[nodiscard]] policy::Decision judge(const policy::RunRequest& request) const;
  std::string refusal(const policy::RunRequest& request, const policy::Decision& decision);
  void log_refusal(const policy::RunRequest& request, const policy::Decision& decision);
  [[nodiscard]] std::optional<policy::AuditRecord> log_of(const policy::RunRequest& request,
                                                          const policy::Decision& decision) const;
  void log_failure(const Error& error);
  void log_end(const ExitLine& exit, const std::vector<LeftLine>& left);
  [[nodiscard]] int rung_signal() const;  ///< What the runner alone is told on this rung.
  [[nodiscard]] std::optional<Duration> deadline() const;
  void answer_ok(std::string granted = {});
  void answer_error(std::string_view text);
  void debug(std::string_view text);
  void emit(AgentEffect effect) { effects_.push_back(std::move(effect)); }

  AgentSettings settings_;
  LineReader lines_;
  Input input_ = ReadingLine{};
  Life life_ = NoRunner{};
  StopLadder ladder_;
  std::deque<AgentEffect> effects_;

  AgentDialect dialect_;
  NextClient next_client_;
  bool rfc_;
  bool greeted_ = false;
  std::optional<TimePoint> hello_due_at_;
  bool run_tried_ = false;  // With a file, it has a name from then on.
  Keepalive keepalive_;
  std::optional<TimePoint> deadline_at_;
  std::optional<TimePoint> told_at_;  // What the runner is at.
  bool stopping_ = false;             // Somebody asked for the end.
  std::string unasked_;               // Why it came, if the client did not ask.
  bool quit_seen_ = false;
  bool broken_ = false;  // The session ends because of an error, or an rfc upload failed.
  std::optional<RunnerKind> kind_from_file_;
  std::uint64_t files_ = 0;
  std::vector<policy::UploadedFile> uploaded_;  // Where there is a policy.
  std::optional<policy::Decision> refused_;     // The first file that the policy refused.
  unsigned refusals_logged_ = 0;
  std::optional<policy::AuditRecord> logged_run_;  // That was to start, where a log is kept.
  std::optional<Sha256> digest_;                   // Of the file that is received, where one asks for it.
  bool keeps_ = false;                             // Files for later sessions, as its client asked.
  // What waits for the answer of who signed it.
  struct Deciding {
    policy::RunRequest request;
    bool is_run;
  };
  RunSignatures signatures_;
  std::string received_;  // Of a signature or a manifest.
  std::optional<Deciding> deciding_;
  std::uint64_t files_bytes_ = 0;
  std::vector<std::string> args_;
  std::uint64_t args_bytes_ = 0;
};

}  // namespace stapsh
