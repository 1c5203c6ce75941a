// SPDX-License-Identifier: Apache-2.0
// One target as the client sees it: bytes and events in, effects out. Rules: docs/protocol.md.
// Pure: no descriptor, clock, log, thread or global in this file.
//
// Released agents (1.5 to 5.x) are spoken to one command at a time, since they answer only the first
// of a packet; an agent that takes `option exit` is ours and gets them together.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "protocol/agent_line.h"
#include "protocol/limits.h"
#include "protocol/line_reader.h"
#include "protocol/runner_kind.h"
#include "protocol/version.h"
#include "session/client_effect.h"
#include "session/keepalive.h"
#include "session/stop_ladder.h"

namespace stapsh {

struct ClientSettings {
  Limits limits;
  bool force_rfc = false;
  /// The transport carries standard error and an exit code by itself (ssh, a child process). An old
  /// agent is then asked for no frames: without them it loses nothing.
  bool transport_is_rich = false;
  bool want_time = false;         ///< `option time`: the agent's clock on each frame.
  bool want_clock = false;        ///< `option clock`: what it says now, to compare it with ours.
  bool want_signal = false;       ///< `option signal`: whether a signal ended the runner.
  bool want_proof = false;        ///< `option proof`: what of the session is left at its end.
  bool want_reason = false;       ///< `option reason`: why an agent ends what it was not asked to end.
  bool want_progress = false;     ///< `option progress`: what a stop waits for, and who was killed in it.
  bool want_runners = false;      ///< `option runners`: those that are there, so that what can't work is sent nothing.
  bool want_environment = false;  ///< `option environment`: what the machine offers to runners; see Connected.
  bool want_policy = false;       ///< `option policy`, `option nonce`: a policy there is asked before anything is sent.
  bool want_digest = false;       ///< `option digest`: files are verified there.
  bool want_keep = false;         ///< And `option keep`: they stay there, and what is there already is not sent.
  bool sweep_only = false;        ///< Nothing is run: ask the agent to end what dead sessions left, until nothing is.
  bool dry_run = false;           ///< All is asked and checked as for a run, and no file is sent: see Ready.
  std::optional<Duration> keepalive;  ///< Asked of our agents, and kept here as well.
  std::string deadline;               ///< Seconds, as `option deadline=` has them; empty: none.
  std::string grace;                  ///< Seconds, as `option grace=` has them; empty: the agent's own.
  std::string stop_limit;             ///< Likewise, `option stop-limit=`.
  /// What our agents shall call the session, or with sweep_only: also ask after it (protocol/session_id.h). Empty:
  /// none.
  std::string session;
  unsigned verbose = 0;  ///< As many times `option verbose`.
  /// NAME=VALUE, for the runner: `option env=` each. An agent that does not take it is sent nothing.
  std::vector<std::string> environment;
  /// Nothing else answers there: what is asked first of an agent goes along with our hello.
  bool agent_is_ours = false;
  std::string speaker = "what answers there";  ///< Who prints what comes before a hello.
  /// What may pass until it is connected, with all options asked; and after that, what each answer of it may take.
  Duration connect_timeout = std::chrono::seconds(30);
  Duration reply_timeout = std::chrono::seconds(60);
  /// How long a target that was told to stop may say nothing before it is given up. An agent of a release has no way to
  /// say that its runner still works.
  Duration stop_timeout = std::chrono::seconds(30);
  Duration stop_timeout_released = std::chrono::minutes(2);
  /// How long it may bring nothing on, neither output nor a word of work, for an agent that waits says `ping`. All of
  /// the stop is bounded by whoever calls on_abandon().
  Duration stop_patience = std::chrono::minutes(5);
};

/// What one target is sent.
struct Upload {
  struct File {
    std::string name;
    std::uint64_t size;
    std::string digest{};     ///< SHA-256 in hexadecimal digits, where wants_digests(); empty: unknown.
    std::string signature{};  ///< Of the file, where nonce() says that signatures count; empty: none.
  };
  std::vector<File> files;
  std::vector<std::string> run_args;
  RunnerKind runner = RunnerKind::kStaprun;  ///< The one for the first file; not every released agent has each.
  std::string manifest{};                    ///< Of the run, with its signature, likewise; empty: none.
  std::string built_by{};                    ///< Of a kernel module: the release of systemtap; empty: unknown.
};

/// How the transport ended, as far as it tells.
struct TransportEnd {
  std::optional<int> exit_code;  ///< Of a child process: 0..255, 128 + N.
  std::string reason;            ///< Why, when it failed: ssh's own words, an errno text. May be empty.
};

/// Ends a session: an agent's last word, and ours.
inline constexpr std::string_view kQuitLine = "quit\n";

class ClientSession {
 public:
  enum class Phase { kConnecting, kConnected, kSending, kReady, kStarting, kRunning, kEnded };

  explicit ClientSession(ClientSettings settings);

  // In.
  void on_start_of_transport(TimePoint now);
  /// Drain the effects before the bytes go away.
  void on_bytes(std::string_view bytes, TimePoint now);
  /// After the last byte, with all that is known of the end.
  void on_transport_end(const TransportEnd& end);
  /// Only after Connected. An error (over a limit, say) is also the end of this session.
  void on_module_ready(Upload upload, TimePoint now);
  /// Only after Connected: there will be no module.
  void on_module_failed(std::string_view reason);
  /// Only after Ready.
  void on_start(TimePoint now);
  /// Bytes of ours went out: an upload that moves does not time out.
  void on_send_progress(TimePoint now);
  /// An agent is on its way there, before it can say hello: one that moves does not time out.
  void on_agent_progress(TimePoint now);
  /// The runner shall get this signal, 1 to 64. Nothing is sent where none runs, or an agent is not ours: no reply
  /// comes either way, and what the runner makes of it is its own affair.
  void on_signal_wanted(int signo);
  /// Stop gracefully; the second time, cut the grace short.
  void on_stop(TimePoint now);
  /// Give up waiting.
  void on_abandon(std::string_view reason);
  /// We are not reading, because our own output stalls: silence means nothing.
  void on_receive_paused(TimePoint now) { keepalive_.heard(now); }
  /// The way here asks a person something, or did until then: nobody is slow meanwhile, and the time to connect begins
  /// anew.
  void on_asked(TimePoint last);
  void on_timer(TimePoint now);
  /// Its agent was brought there and stays, so what it is sent may stay as well. Before its hello.
  void note_agent_stays() { settings_.want_keep = !settings_.dry_run; }
  /// Something secret is sent that is none of ours: what comes from now on until the hello may quote it, and is not
  /// shown.
  void conceal_noise() { conceals_noise_ = true; }

  // Out.
  std::optional<ClientEffect> next_effect();
  [[nodiscard]] std::optional<TimePoint> next_timer() const { return earlier(deadline_, keepalive_.next()); }
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool ended() const { return phase_ == Phase::kEnded; }
  /// Whether an agent is there, whatever became of the session.
  [[nodiscard]] bool agent_has_greeted() const { return hello_seen_; }
  /// It broke off, or was silent for too long, behind the agent's greeting; what was asked is not answered.
  [[nodiscard]] bool connection_lost() const { return connection_lost_; }
  /// Files want digests: it verifies them, or its owner has a policy, which is asked before anything is sent; after
  /// Connected.
  [[nodiscard]] bool wants_digests() const { return verifies_ || has_policy_; }
  /// Its owner has a policy, which is asked before anything is sent.
  [[nodiscard]] bool has_policy() const { return has_policy_; }
  /// Of this session, for who signs the run; empty: nobody there asks for signatures.
  [[nodiscard]] const std::string& nonce() const { return nonce_; }
  /// Whether it speaks the extended dialect; after Connected.
  [[nodiscard]] bool agent_is_ours() const { return ours_; }
  /// Of the hello; after Connected.
  [[nodiscard]] Version agent_version() const { return agent_version_; }

 private:
  struct Frame {
    Stream stream;
    std::uint64_t bytes_left;
    std::optional<WallTime> time;
  };

  std::size_t take_line(std::string_view bytes, TimePoint now);
  bool take_early_output(std::string_view line, bool carriage_return, TimePoint now);
  std::size_t take_frame(std::string_view bytes, TimePoint now);
  void release_held();
  void perform(std::string_view line, TimePoint now);
  void on_hello(const HelloLine& hello, TimePoint now);
  void on_reply(bool ok, const std::string& said, TimePoint now);
  void on_option_reply(bool ok, const std::string& text, TimePoint now);
  void ask_options(std::vector<std::string> names, TimePoint now);
  void ask_next(TimePoint now);
  bool take_granted(std::string_view granted, TimePoint now);
  bool take_runners(std::string_view granted);
  bool take_environment(std::string_view granted);
  bool take_kept(std::string_view granted);
  bool take_clock(std::string_view granted, TimePoint now);
  void become_connected(TimePoint now);
  void send_file_or_be_ready();
  bool ask_policy();
  void send_signatures();
  bool take_policy(std::string_view granted);
  bool take_nonce(std::string_view granted);
  void send_files();
  void send_file();
  [[nodiscard]] std::string has_no_runner() const;
  Result<std::string> start_commands() const;
  void on_swept(const SweptLine& swept, TimePoint now);
  [[nodiscard]] Duration silence_limit() const;
  void note_line(TimePoint now) { silence_ends_ = now + silence_limit(); }
  void note_progress(TimePoint now) { patience_ends_ = now + settings_.stop_patience; }
  void note_output(std::uint64_t bytes, TimePoint now);
  bool take_hello_behind_text(std::string_view line, TimePoint now);
  void note_noise(std::string_view line);
  [[nodiscard]] std::string no_hello(std::string_view what, std::string_view because) const;
  void nonsense(std::string_view line, std::string_view guess = {});
  void fail_session(std::string reason);
  void finish(Outcome outcome);
  void emit(ClientEffect effect) { effects_.push_back(std::move(effect)); }
  void emit_output(Stream stream, std::string_view bytes, std::optional<WallTime> time = std::nullopt);

  ClientSettings settings_;
  LineReader lines_;
  // Lists: an empty deque has half a KiB, and there are ten thousand sessions.
  std::list<ClientEffect> effects_;
  Phase phase_ = Phase::kConnecting;
  std::optional<TimePoint> deadline_;
  bool stopping_ = false;
  TimePoint silence_ends_, patience_ends_;  // Of a stop.
  SlowAllowance silence_allowance_, patience_allowance_;

  bool hello_seen_ = false;
  bool connection_lost_ = false;
  HelloLine hello_;
  Version agent_version_;
  std::uint64_t noise_bytes_ = 0;
  bool conceals_noise_ = false;
  std::string last_noise_;  // The last line before the hello that says something.
  bool echoed_ = false;     // Our hello came back.
  std::string refusal_;     // What an ERROR before the hello said.
  bool rfc_;
  bool ours_ = false;        // The agent took `option exit`.
  bool has_policy_ = false;  // The agent, and it answers `check`.
  std::string nonce_;
  std::size_t policy_unanswered_ = 0;  // Replies to come before a file is sent: to signatures and `check`.
  bool framed_ = false;                // The agent took `option data`.
  bool verifies_ = false;              // The agent took `option digest`.
  std::string kept_;                   // Where it keeps files; empty: it does not.
  std::list<std::string> to_ask_;      // Options not asked yet.
  std::list<std::string> unanswered_;  // Options asked, in order.
  TimePoint clock_asked_at_;
  std::optional<ClockReading> clock_;
  std::optional<FoundRunners> runners_;
  std::optional<TargetEnvironment> environment_;

  Upload upload_;
  std::size_t next_file_ = 0;
  bool asks_for_kept_ = false;         // Whether it has the next file is asked.
  std::size_t starts_unanswered_ = 0;  // Replies to come before the runner runs: to `arg`s and `run`.
  std::string start_error_;
  std::optional<Frame> frame_;
  std::size_t quit_bytes_held_ = 0;      // Of "quit\n", at the end of what came of a frame: see take_frame().
  std::list<std::string> early_output_;  // Of this on_bytes(): see take_early_output().
  bool input_closed_ = false;
  bool quit_owed_ = false;  // A stop that waits for the answer to `run`.
  bool has_output_ = false;
  std::optional<int> exit_code_;
  std::optional<int> signal_;    // That ended the runner.
  std::string stopped_because_;  // The agent's own reason to end the run.
  std::string granted_;          // Of what was asked for, what it cut.
  std::string killed_;           // Its reason to kill the runner, if it did.
  Keepalive keepalive_;
  Outcome::Remains remains_ = Outcome::Remains::kUnknown;
  std::vector<LeftLine> left_;
  bool any_unknown_ = false;  // Of what is left.
  std::optional<TimePoint> sweep_again_until_;
  std::uint64_t swept_ = 0;
};

}  // namespace stapsh
