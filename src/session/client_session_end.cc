// SPDX-License-Identifier: Apache-2.0
// Stops, silences and ends.
#include <algorithm>

#include "protocol/command.h"
#include "session/client_session.h"

namespace stapsh {
namespace {

constexpr Duration kSweepPause = std::chrono::milliseconds(200);
constexpr std::string_view kEchoes =
    "it echoes what it is sent: there is a terminal in between (ssh -tt, or RequestTTY on the way), and an agent "
    "can't be spoken to through one; leave it out";
constexpr std::string_view kCutShort = "its output is cut short: a fault of this old stapsh";

}  // namespace

void ClientSession::on_send_progress(TimePoint now) {
  if (phase_ == Phase::kSending && !stopping_) deadline_ = now + settings_.reply_timeout;
}

void ClientSession::on_agent_progress(TimePoint now) {
  if (phase_ == Phase::kConnecting && !stopping_) deadline_ = now + settings_.connect_timeout;
}

void ClientSession::on_signal_wanted(int signo) {
  if (phase_ == Phase::kRunning && ours_ && !stopping_) emit(SendBytes{format_command(SignalCommand{signo})});
}

void ClientSession::on_stop(TimePoint now) {
  if (ended()) return;
  const bool again = stopping_;
  stopping_ = true;
  if (!again) silence_allowance_ = patience_allowance_ = SlowAllowance(silence_limit());
  note_line(now);  // Not that one came: from now on it is waited for.
  note_progress(now);
  deadline_ = std::min(silence_ends_, patience_ends_);
  const bool started = phase_ == Phase::kStarting || phase_ == Phase::kRunning;
  if (started && !rfc_) {
    // A second `quit` cuts the grace short; an old agent knows no such thing. Nor would it read one
    // that comes in the same packet as `run`, so that one waits for the answer.
    quit_owed_ = !ours_ && phase_ == Phase::kStarting;
    if (!quit_owed_ && (!again || ours_)) emit(SendBytes{std::string(kQuitLine)});
  } else if (!again) {
    input_closed_ = true;
    emit(CloseInput{});  // Also what rfc agents know as the end; in mid-file nothing else could be said.
  }
}

void ClientSession::on_abandon(std::string_view reason) {
  if (!ended()) fail_session(std::string(reason));
}

// What has just lost its connection may still be stopping, under its agent's or guardian's care.
void ClientSession::on_swept(const SweptLine& swept, TimePoint now) {
  swept_ += swept.removed;
  if (!sweep_again_until_) sweep_again_until_ = now + settings_.stop_timeout;
  if (swept.left > 0 && now < *sweep_again_until_) {
    deadline_ = now + kSweepPause;  // See on_timer().
    return;
  }
  remains_ = swept.left == 0 ? Outcome::Remains::kClean : Outcome::Remains::kLeft;
  if (swept.left > 0)
    left_.push_back(
        {"sessions", std::to_string(swept.left) + " (stapsh.* in $TMPDIR or /tmp, or of what /run/stapsh speaks)"});
  finish({Outcome::Kind::kEnded, 0, std::to_string(swept_) + " dead sessions removed"});
}

void ClientSession::on_asked(TimePoint last) {
  if (!hello_seen_ && !stopping_ && deadline_) deadline_ = std::max(*deadline_, last + settings_.connect_timeout);
}

void ClientSession::on_timer(TimePoint now) {
  if (ended()) return;
  if (keepalive_.lost(now)) {
    connection_lost_ = true;
    return fail_session("the connection is silent for longer than --keepalive; the target stops by itself");
  }
  if (keepalive_.ping_due(now)) {
    keepalive_.said(now);
    if (!input_closed_) emit(SendBytes{format_command(PingCommand{})});
  }
  if (sweep_again_until_ && deadline_ && now >= *deadline_ && !stopping_) {
    deadline_ = now + settings_.reply_timeout;
    return emit(SendBytes{format_command(SweepCommand{settings_.session})});
  }
  if (!deadline_ || now < *deadline_ || ended()) return;
  if (stopping_) return fail_session("did not confirm the stop; its agent cleans up when it sees the connection end");
  if (!hello_seen_) {
    const std::string reason = no_hello(" within the connect timeout", {});
    // Whoever says something else than hello will not say it later.
    return fail_session(reason.ends_with('"') ? reason : reason + "; raise --connect-timeout");
  }
  fail_session("the agent does not answer");
}

void ClientSession::on_transport_end(const TransportEnd& end) {
  if (ended()) return;
  const bool started = phase_ == Phase::kStarting || phase_ == Phase::kRunning;
  const std::string because = end.reason.empty() ? "" : ": " + end.reason;
  // Over a transport that carries none, a code is that of something else: of a relay.
  const std::optional<int> code = settings_.transport_is_rich ? end.exit_code : std::nullopt;
  if (frame_ && quit_bytes_held_ == kQuitLine.size() && end.reason.empty()) {
    return finish({Outcome::Kind::kEnded, exit_code_, std::string(kCutShort)});
  }
  if (frame_) release_held();
  if (stopping_ && !started) return finish({Outcome::Kind::kStopped, std::nullopt, {}});
  if (phase_ == Phase::kRunning && !framed_ && end.reason.empty()) {
    return finish({Outcome::Kind::kEnded, code, {}});
  }
  if (phase_ == Phase::kStarting && !ours_ && end.reason.empty()) {
    // A released agent whose runner ends at once may end without its OK; its output may have come.
    if (!framed_) emit_output(Stream::kStdout, lines_.partial());
    return finish({Outcome::Kind::kEnded, code, {}});
  }
  // Whoever refuses us closes at once: that our hello could not be written any more says less than its own words.
  const bool refused = !refusal_.empty() && (because.empty() || !settings_.transport_is_rich);
  if (!hello_seen_ && refused) return fail_session("refused: " + refusal_);
  if (!hello_seen_) return fail_session(no_hello({}, end.reason));
  connection_lost_ = true;
  const char* const at = settings_.sweep_only ? "before the answer"
                         : started            ? "in mid-run"
                                              : "before the runner started";
  fail_session("the connection ended " + std::string(at) + because);
}

void ClientSession::nonsense(std::string_view line, std::string_view guess) {
  if (!hello_seen_) return note_noise(line);
  // See take_frame(): here the end of an old agent fell into a frame's header.
  if (phase_ == Phase::kRunning && !ours_ && line.ends_with("quit")) {
    return finish({Outcome::Kind::kEnded, exit_code_, std::string(kCutShort)});
  }
  if (echoed_) return fail_session(std::string(kEchoes));
  fail_session("the agent sent '" + printable(line) + "', which is no line of the protocol here" + std::string(guess));
}

void ClientSession::fail_session(std::string reason) {
  emit(CloseInput{});
  finish({Outcome::Kind::kFailed, std::nullopt, std::move(reason)});
}

void ClientSession::finish(Outcome outcome) {
  phase_ = Phase::kEnded;
  deadline_.reset();
  keepalive_.disable();
  outcome.remains = remains_;
  outcome.left = std::move(left_);
  outcome.killed = std::move(killed_);
  outcome.has_output = has_output_;
  if (outcome.exit_code == exit_code_) outcome.signal = signal_;
  emit(Finished{std::move(outcome)});
}

std::optional<ClientEffect> ClientSession::next_effect() {
  if (effects_.empty()) return std::nullopt;
  ClientEffect effect = std::move(effects_.front());
  effects_.pop_front();
  return effect;
}

}  // namespace stapsh
