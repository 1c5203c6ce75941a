// SPDX-License-Identifier: Apache-2.0
#include "session/client_session.h"

#include <algorithm>

#include "base/overloaded.h"
#include "protocol/command.h"

namespace stapsh {
namespace {

constexpr std::size_t kLeftMax = 1'000;  // What a person reads of it is less.
// It is not passed over: it may as well have come within a frame, whose last bytes this would be then.
constexpr std::string_view kStrayLine =
    "; what else writes to its connection there (a job in the background of a login shell's start file)?";

// How many bytes of the end of `text` are a beginning of kQuitLine.
std::size_t quit_bytes_at_end(std::string_view text) {
  std::size_t count = std::min(text.size(), kQuitLine.size());
  while (!text.ends_with(kQuitLine.substr(0, count))) --count;
  return count;
}

}  // namespace

ClientSession::ClientSession(ClientSettings settings)
    : settings_(std::move(settings)), lines_(settings_.limits.line_bytes_max), rfc_(settings_.force_rfc) {}

void ClientSession::on_start_of_transport(TimePoint now) {
  if (ended() || stopping_) return;
  deadline_ = now + settings_.connect_timeout;
  // Below 1.5 an agent knows that we do not expect replies.
  emit(SendBytes{format_command(HelloCommand{std::string(rfc_ ? kRfcVersion : kSpokenVersion)})});
  if (settings_.agent_is_ours && !rfc_) ask_options({"exit"}, now);
}

void ClientSession::on_bytes(std::string_view bytes, TimePoint now) {
  early_output_.clear();
  keepalive_.heard(now);
  while (!bytes.empty() && !ended()) {
    if (phase_ == Phase::kRunning && !framed_) {
      note_output(bytes.size(), now);
      emit_output(Stream::kStdout, bytes);
      break;
    }
    bytes.remove_prefix(frame_ ? take_frame(bytes, now) : take_line(bytes, now));
  }
  if (stopping_ && !ended()) deadline_ = std::min(silence_ends_, patience_ends_);
}

Duration ClientSession::silence_limit() const {
  return ours_ || phase_ != Phase::kRunning ? settings_.stop_timeout : settings_.stop_timeout_released;
}

// A trickle earns a target that was told to stop no more than SlowAllowance says.
void ClientSession::note_output(std::uint64_t bytes, TimePoint now) {
  if (!stopping_) return;
  silence_allowance_.note(bytes);
  patience_allowance_.note(bytes);
  silence_allowance_.prolong(silence_ends_, now + silence_limit());
  patience_allowance_.prolong(patience_ends_, now + settings_.stop_patience);
}

std::size_t ClientSession::take_line(std::string_view bytes, TimePoint now) {
  const LineReader::Taken taken = lines_.take(bytes);
  switch (taken.status) {
    case LineReader::Status::kNeedMore:
      note_output(taken.bytes, now);
      break;
    case LineReader::Status::kTooLong:
      fail_session(hello_seen_ ? "the agent sent a line over line-bytes-max (" +
                                     std::to_string(settings_.limits.line_bytes_max) + ")"
                               : "no hello from stapsh, but a line without an end; what runs there?");
      break;
    case LineReader::Status::kLine:
      if (!take_early_output(taken.line, taken.carriage_return, now)) perform(taken.line, now);
      break;
  }
  return taken.bytes;
}

// Without frames, what a runner of a released agent says first can overtake the OK. It has no other
// mark: a line that is no reply is output, and so is what stands before an OK on the same line.
bool ClientSession::take_early_output(std::string_view line, bool carriage_return, TimePoint now) {
  if (phase_ != Phase::kStarting || ours_ || framed_) return false;
  const AgentLine parsed = parse_agent_line(line);
  if (std::holds_alternative<OkLine>(parsed) || std::holds_alternative<ErrorLine>(parsed)) return false;
  note_output(line.size(), now);
  const bool ok = line.ends_with("OK");
  if (ok) line.remove_suffix(2);
  // A copy, for views into the line's own buffer do not last until the effects are drained.
  early_output_.emplace_back(line);
  if (!ok) early_output_.back() += carriage_return ? "\r\n" : "\n";
  emit_output(Stream::kStdout, early_output_.back());
  if (ok) on_reply(true, {}, now);
  return true;
}

// An old agent can be cut off in mid-frame by its runner's end, and then says `quit` inside the frame, which may fill
// it exactly. A "quit\n" at the end of what came of a frame is therefore held back until more bytes prove it data.
std::size_t ClientSession::take_frame(std::string_view bytes, TimePoint now) {
  std::string_view piece = bytes.substr(0, frame_->bytes_left);
  const std::size_t taken = piece.size();
  note_output(taken, now);
  frame_->bytes_left -= taken;
  const bool whole = frame_->bytes_left == 0;
  if (!ours_) {
    const std::string_view rest_of_quit = kQuitLine.substr(quit_bytes_held_);
    if (!piece.empty() && rest_of_quit.starts_with(piece) && (!whole || piece == rest_of_quit)) {
      quit_bytes_held_ += piece.size();
      return taken;
    }
    release_held();
    const std::size_t held = quit_bytes_at_end(piece);
    if (!whole || held == kQuitLine.size()) quit_bytes_held_ = held;
    piece.remove_suffix(quit_bytes_held_);
  }
  emit_output(frame_->stream, piece, frame_->time);
  if (whole && quit_bytes_held_ == 0) frame_.reset();
  return taken;
}

// What was held back is output after all.
void ClientSession::release_held() {
  emit_output(frame_->stream, kQuitLine.substr(0, quit_bytes_held_), frame_->time);
  quit_bytes_held_ = 0;
}

void ClientSession::emit_output(Stream stream, std::string_view bytes, std::optional<WallTime> time) {
  if (bytes.empty()) return;
  has_output_ = true;
  emit(Output{stream, bytes, time});
}

void ClientSession::perform(std::string_view line, TimePoint now) {
  const AgentLine parsed = parse_agent_line(line);
  if (!std::holds_alternative<DataLine>(parsed)) note_line(now);
  std::visit(Overloaded{
                 [&](const HelloLine& hello) {
                   if (hello_seen_) return nonsense(line);
                   on_hello(hello, now);
                 },
                 [&](const OkLine& ok) {
                   if (!take_granted(ok.granted, now)) return nonsense(line);
                   on_reply(true, {}, now);
                 },
                 [&](const ErrorLine& error) { on_reply(false, printable(error.text), now); },
                 [&](const DataLine& data) {
                   if (phase_ != Phase::kRunning) return nonsense(line);
                   if (data.size > kFrameBytesMax) {
                     return fail_session("the agent announced a frame of " + std::to_string(data.size) +
                                         " bytes; none has more than " + std::to_string(kFrameBytesMax));
                   }
                   if (data.size > 0) frame_ = Frame{data.stream, data.size, data.time};
                 },
                 [&](const ExitLine& exit) {
                   // Also before the start: then it is the agent's own, which is of no interest here.
                   if (!ours_) return nonsense(line);
                   if (phase_ != Phase::kRunning) return;
                   exit_code_ = exit.code;
                   signal_ = exit.signal;
                 },
                 [&](const QuitLine&) {
                   if (!hello_seen_) return nonsense(line);
                   // A released agent whose runner ends at once may end without its OK.
                   const bool started = phase_ == Phase::kRunning || (phase_ == Phase::kStarting && !ours_);
                   const std::string why = stopping_ || stopped_because_.empty() ? "" : ": " + stopped_because_;
                   if (started && !why.empty()) {
                     return finish({Outcome::Kind::kFailed, std::nullopt, "the agent ended the run" + why});
                   }
                   if (started && ours_ && framed_ && !exit_code_) {
                     return fail_session("the agent did not say how the runner ended");
                   }
                   if (started) return finish({Outcome::Kind::kEnded, exit_code_, {}});
                   const char* const before = settings_.sweep_only ? "the answer" : "the runner started";
                   if (!stopping_) return fail_session("the agent ended before " + std::string(before) + why);
                   finish({Outcome::Kind::kStopped, std::nullopt, {}});
                 },
                 [&](const PingLine&) {},
                 [&](const LeftLine& left) {
                   if (!ours_) return nonsense(line);
                   if (settings_.sweep_only) return;  // Of the session that asks.
                   const bool unknown = left.kind == kUnknownKind;
                   any_unknown_ = any_unknown_ || unknown;
                   remains_ = any_unknown_ ? Outcome::Remains::kUnknown : Outcome::Remains::kLeft;
                   if (left_.size() < kLeftMax) left_.push_back({printable(left.kind), printable(left.name)});
                 },
                 [&](const CleanLine&) {
                   if (!ours_ || !left_.empty()) return nonsense(line);
                   if (!settings_.sweep_only) remains_ = Outcome::Remains::kClean;
                 },
                 [&](const StoppedLine& stopped) {
                   if (!ours_) return nonsense(line);
                   if (stopped_because_.empty()) stopped_because_ = printable(stopped.reason);
                 },
                 [&](const WorkingLine& working) {
                   if (!ours_) return nonsense(line);
                   note_progress(now);
                   emit(Working{{printable(working.name), working.probes}});
                 },
                 [&](const KilledLine& killed) {
                   if (!ours_) return nonsense(line);
                   if (!killed_.empty()) return;
                   killed_ = printable(killed.reason);
                   if (!granted_.empty()) killed_ += " (its agent grants no more than " + granted_ + ")";
                 },
                 [&](const SweptLine& swept) {
                   if (!settings_.sweep_only || phase_ != Phase::kStarting) return nonsense(line);
                   on_swept(swept, now);
                 },
                 [&](const DebugLine& debug) {
                   emit(Note{printable(debug.text), true});
                 },
                 [&](const UnknownLine&) {
                   if (!hello_seen_) {
                     if (!take_hello_behind_text(line, now)) nonsense(line);
                   } else {
                     nonsense(line, phase_ == Phase::kRunning && framed_ ? kStrayLine : "");
                   }
                 },
             },
             parsed);
}

}  // namespace stapsh
