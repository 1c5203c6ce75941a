// SPDX-License-Identifier: Apache-2.0
#include "session/client_session.h"

#include <algorithm>

#include "base/assert.h"
#include "base/overloaded.h"
#include "base/parse_seconds.h"
#include "protocol/command.h"
#include "protocol/quoted.h"
#include "protocol/wall_time.h"
#include "session/runner_check.h"

namespace stapsh {
namespace {

constexpr std::string_view kQuit = "quit\n";
constexpr std::string_view kConcealed = "(not shown: a password was sent)";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kClockAnswer = "clock=";
constexpr std::string_view kNoEnvironment = "its stapsh knows no --env; install this one there, or leave --env out";
constexpr std::size_t kNonceBytesMin = 16, kNonceBytesMax = 64;
constexpr std::size_t kLeftMax = 1'000;  // What a person reads of it is less.
constexpr Duration kSweepPause = std::chrono::milliseconds(200);
// It is not passed over: it may as well have come within a frame, whose last bytes this would be then.
constexpr std::string_view kStrayLine =
    "; what else writes to its connection there (a job in the background of a login shell's start file)?";
constexpr std::string_view kEchoes =
    "it echoes what it is sent: there is a terminal in between (ssh -tt, or RequestTTY on the way), and an agent can't "
    "be "
    "spoken to through one; leave it out";
constexpr std::string_view kCutShort = "its output is cut short: a fault of this old stapsh";

// How many bytes of the end of `text` are a beginning of kQuit.
std::size_t quit_bytes_at_end(std::string_view text) {
  std::size_t count = std::min(text.size(), kQuit.size());
  while (!text.ends_with(kQuit.substr(0, count))) --count;
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
    const std::string_view rest_of_quit = kQuit.substr(quit_bytes_held_);
    if (!piece.empty() && rest_of_quit.starts_with(piece) && (!whole || piece == rest_of_quit)) {
      quit_bytes_held_ += piece.size();
      return taken;
    }
    release_held();
    const std::size_t held = quit_bytes_at_end(piece);
    if (!whole || held == kQuit.size()) quit_bytes_held_ = held;
    piece.remove_suffix(quit_bytes_held_);
  }
  emit_output(frame_->stream, piece, frame_->time);
  if (whole && quit_bytes_held_ == 0) frame_.reset();
  return taken;
}

// What was held back is output after all.
void ClientSession::release_held() {
  emit_output(frame_->stream, kQuit.substr(0, quit_bytes_held_), frame_->time);
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
                   if (ok.granted.starts_with(kClockAnswer)) {
                     if (!take_clock(ok.granted, now)) return nonsense(line);
                   } else if (ok.granted.starts_with(kRunnersAnswer)) {
                     if (!take_runners(ok.granted)) return nonsense(line);
                   } else if (ok.granted.starts_with(kEnvironmentAnswer)) {
                     if (!take_environment(ok.granted)) return nonsense(line);
                   } else if (ok.granted.starts_with(kKeptAnswer)) {
                     if (!take_kept(ok.granted)) return nonsense(line);
                   } else if (ok.granted.starts_with(kNonceAnswer)) {
                     if (!take_nonce(ok.granted)) return nonsense(line);
                   } else if (ok.granted == kPolicyAnswer) {
                     has_policy_ = true;
                   } else if (!ok.granted.empty()) {
                     granted_ += (granted_.empty() ? "" : ", ") + printable(ok.granted);
                     emit(Note{"its agent grants no more than " + printable(ok.granted)});
                   }
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
                   if (!stopping_) return fail_session("the agent ended before the runner started" + why);
                   finish({Outcome::Kind::kStopped, std::nullopt, {}});
                 },
                 [&](const PingLine&) {},
                 [&](const LeftLine& left) {
                   if (!ours_) return nonsense(line);
                   const bool unknown = left.kind == kUnknownKind;
                   any_unknown_ = any_unknown_ || unknown;
                   remains_ = any_unknown_ ? Outcome::Remains::kUnknown : Outcome::Remains::kLeft;
                   if (left_.size() < kLeftMax) left_.push_back({printable(left.kind), printable(left.name)});
                 },
                 [&](const CleanLine&) {
                   if (!ours_ || !left_.empty()) return nonsense(line);
                   remains_ = Outcome::Remains::kClean;
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

// What a login shell says before the agent starts.
void ClientSession::note_noise(std::string_view line) {
  noise_bytes_ += line.size() + 1;
  const std::string hello = format_command(HelloCommand{std::string(rfc_ ? kRfcVersion : kSpokenVersion)});
  echoed_ = echoed_ || line.substr(0, line.find('\r')) == std::string_view(hello).substr(0, hello.size() - 1);
  if (conceals_noise_) line = line.find_first_not_of(kBlanks) == std::string_view::npos ? "" : kConcealed;
  if (noise_bytes_ > kNoiseBytesMax) {
    return fail_session("no hello from stapsh in " + std::to_string(kNoiseBytesMax) + " bytes, the last line was '" +
                        printable(line) + "'; what runs there?");
  }
  if (line.find_first_not_of(kBlanks) != std::string_view::npos) last_noise_ = printable(line);
  if (!line.empty()) emit(Note{printable(line), true});
}

// A start file can print text without an end, a terminal's title for example: the hello stands behind it.
bool ClientSession::take_hello_behind_text(std::string_view line, TimePoint now) {
  const std::string_view hello = agent_hello_at_end(line);
  if (hello.empty() || hello.size() == line.size()) return false;
  note_noise(line.substr(0, line.size() - hello.size()));
  if (!ended()) on_hello(std::get<HelloLine>(parse_agent_line(hello)), now);
  return true;
}

// The account says why more often than its exit code does: "This account is not available."
std::string ClientSession::no_hello(std::string_view what, std::string_view because) const {
  std::string said = last_noise_;
  if (const std::string_view half = lines_.partial(); half.find_first_not_of(kBlanks) != std::string_view::npos) {
    said = conceals_noise_ ? std::string(kConcealed) : printable(half);
  }
  std::string text = "no hello from stapsh" + std::string(what);
  if (!said.empty()) text += ": " + settings_.speaker + " prints \"" + said + "\"";
  if (!because.empty()) text += (said.empty() ? ": " : "; ") + std::string(because);
  return text;
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

void ClientSession::on_hello(const HelloLine& hello, TimePoint now) {
  hello_seen_ = true;
  // They become words of a build's command line.
  for (const std::string& word : {hello.machine, hello.release}) {
    if (!check_file_name(word)) return fail_session("the agent says it runs on '" + printable(word) + "'; it does not");
  }
  hello_ = hello;
  agent_version_ = parse_version(hello.version);
  rfc_ = rfc_ || agent_version_ < kFirstReleased;
  if (stopping_) return;
  if (rfc_ || agent_version_ < kFirstWithOption) return become_connected(now);
  ask_options({"exit"}, now);
}

void ClientSession::ask_options(std::vector<std::string> names, TimePoint now) {
  for (std::string& name : names) to_ask_.push_back(std::move(name));
  ask_next(now);
}

void ClientSession::ask_next(TimePoint now) {
  while (!to_ask_.empty() && (ours_ || unanswered_.empty())) {
    if (to_ask_.front() == "clock") clock_asked_at_ = now;
    emit(SendBytes{format_command(OptionCommand{to_ask_.front(), std::nullopt})});
    unanswered_.push_back(std::move(to_ask_.front()));
    to_ask_.pop_front();
  }
}

void ClientSession::on_option_reply(bool ok, const std::string& text, TimePoint now) {
  const std::string name = unanswered_.front();
  unanswered_.pop_front();
  if (phase_ == Phase::kSending) {
    if (stopping_) return;
    deadline_ = now + settings_.reply_timeout;
    return ok ? send_files() : fail_session(has_no_runner());
  }
  if (stopping_) return;
  if (name == "data") framed_ = ok;
  if (name == "digest") verifies_ = ok;
  if (name.starts_with("env=") && !ok) {
    return fail_session(text.starts_with("Invalid option") ? std::string(kNoEnvironment) : "--env: " + text);
  }
  if (name.starts_with("keepalive=") && ok) keepalive_.enable(*settings_.keepalive);
  if (name == "exit") {
    ours_ = ok;
    std::vector<std::string> further(settings_.verbose, "verbose");
    if (ours_ || !settings_.transport_is_rich) further.insert(further.begin(), "data");
    if (ours_ && settings_.want_signal) further.emplace_back("signal");
    if (ours_ && settings_.want_time) further.emplace_back("time");
    if (ours_ && settings_.want_clock) further.emplace_back("clock");
    if (ours_ && !settings_.grace.empty()) further.push_back("grace=" + settings_.grace);
    if (ours_ && !settings_.deadline.empty()) further.push_back("deadline=" + settings_.deadline);
    if (ours_ && settings_.keepalive) further.push_back("keepalive=" + format_seconds(*settings_.keepalive));
    if (ours_ && settings_.want_proof) further.emplace_back("proof");
    if (ours_ && settings_.want_reason) further.emplace_back("reason");
    if (ours_ && settings_.want_progress) further.emplace_back("progress");
    if (ours_ && !settings_.stop_limit.empty()) further.push_back("stop-limit=" + settings_.stop_limit);
    if (ours_ && !settings_.session.empty() && !settings_.sweep_only) further.push_back("session=" + settings_.session);
    for (const std::string& variable : settings_.environment) {
      if (ours_ && !settings_.sweep_only) further.push_back("env=" + quote(variable));
    }
    if (ours_ && settings_.want_digest && !settings_.sweep_only) {
      further.emplace_back("digest");
      if (settings_.want_keep) further.emplace_back("keep");
    }
    if (ours_ && settings_.want_policy && !settings_.sweep_only) {
      further.emplace_back("policy");
      further.emplace_back("nonce");
    }
    if (ours_ && settings_.want_environment && !settings_.sweep_only) further.emplace_back("environment");
    // The last one: the agent may have to ask them first.
    if (ours_ && settings_.want_runners && !settings_.sweep_only) further.emplace_back("runners");
    return further.empty() ? become_connected(now) : ask_options(std::move(further), now);
  }
  ask_next(now);
  if (unanswered_.empty()) return become_connected(now);
  // It is there; who is slow now is a runner that is asked.
  if (unanswered_.front() == "runners") deadline_ = now + settings_.reply_timeout;
}

// It is asked together with the others; what lies between the question and the answer is the clock's uncertainty.
bool ClientSession::take_clock(std::string_view granted, TimePoint now) {
  const std::optional<WallTime> agent = parse_wall_time(granted.substr(kClockAnswer.size()));
  if (!agent || unanswered_.empty() || unanswered_.front() != "clock") return false;
  clock_ = ClockReading{*agent, clock_asked_at_, now};
  return true;
}

bool ClientSession::take_runners(std::string_view granted) {
  if (unanswered_.empty() || unanswered_.front() != "runners") return false;
  runners_ = parse_found_runners(granted.substr(kRunnersAnswer.size()));
  return true;
}

bool ClientSession::take_nonce(std::string_view granted) {
  if (unanswered_.empty() || unanswered_.front() != "nonce") return false;
  // It becomes a word of what a person signs.
  nonce_ = granted.substr(kNonceAnswer.size());
  return nonce_.size() >= kNonceBytesMin && nonce_.size() <= kNonceBytesMax && std::ranges::all_of(nonce_, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

bool ClientSession::take_environment(std::string_view granted) {
  if (unanswered_.empty() || unanswered_.front() != "environment") return false;
  environment_ = parse_environment(granted.substr(kEnvironmentAnswer.size()));
  return true;
}

bool ClientSession::take_kept(std::string_view granted) {
  if (unanswered_.empty() || unanswered_.front() != "keep") return false;
  const Result<std::string> folder = unquote(granted.substr(kKeptAnswer.size()));
  if (!folder || folder->empty()) return false;
  kept_ = printable(*folder);
  return true;
}

void ClientSession::become_connected(TimePoint now) {
  phase_ = Phase::kConnected;
  if (settings_.sweep_only) {
    if (!ours_) return fail_session("its stapsh knows no sweep; install this one there");
    phase_ = Phase::kStarting;
    deadline_ = now + settings_.connect_timeout;
    return emit(SendBytes{format_command(SweepCommand{settings_.session})});
  }
  if (!ours_ && !settings_.environment.empty()) return fail_session(std::string(kNoEnvironment));
  deadline_.reset();  // How long a build takes is not the target's affair.
  emit(Connected{hello_, clock_, runners_, environment_, kept_});
}

void ClientSession::on_reply(bool ok, const std::string& said, TimePoint now) {
  const std::string text = ok || !said.empty() ? said : "the agent says ERROR, and not why";
  note_progress(now);
  if (!unanswered_.empty()) return on_option_reply(ok, text, now);
  if (phase_ == Phase::kSending) {
    if (stopping_) return;
    const bool asked = std::exchange(asks_for_kept_, false);
    if (!ok && !asked) return fail_session(text);
    deadline_ = now + settings_.reply_timeout;
    if (policy_unanswered_ > 0 && --policy_unanswered_ > 0) return;
    if (asked && !ok) return send_file();
    if (asked) emit(Note{upload_.files[next_file_++].name + " is there from before"});
    return send_file_or_be_ready();
  }
  if (phase_ == Phase::kStarting && starts_unanswered_ > 0) {
    if (!ok && start_error_.empty()) start_error_ = text;
    if (--starts_unanswered_ > 0) return;
    if (!start_error_.empty()) return fail_session(start_error_);
    phase_ = Phase::kRunning;
    if (!stopping_) deadline_.reset();
    emit(Started{});
    if (quit_owed_) emit(SendBytes{std::string(kQuit)});
    quit_owed_ = false;
    return;
  }
  // A released agent whose runner ends at once may say its OK twice: 2 of 600 did.
  if (ok && phase_ == Phase::kRunning && !ours_ && !has_output_) return;
  if (!ok && !hello_seen_) refusal_ = text;
  // An agent that goes by itself says why: it has waited too long for us, or can't do what a sweep needs.
  const bool nothing_runs = phase_ == Phase::kConnected || phase_ == Phase::kReady || phase_ == Phase::kStarting;
  if (!ok && nothing_runs) return fail_session(text);
  nonsense(ok ? "OK" : "ERROR: " + text);
}

void ClientSession::on_module_ready(Upload upload, TimePoint now) {
  if (ended() || stopping_) return;
  STAPSH_ASSERT(phase_ == Phase::kConnected);
  upload_ = std::move(upload);
  for (const Upload::File& file : upload_.files) {
    if (file.size > settings_.limits.file_bytes_max) {
      return fail_session("module " + file.name + ": " + std::to_string(file.size) + " bytes, over file-bytes-max (" +
                          std::to_string(settings_.limits.file_bytes_max) + "); raise --file-bytes-max on both ends");
    }
  }
  if (runners_) {
    if (const std::string why = why_it_cant_run(*runners_, upload_.runner, upload_.built_by); !why.empty()) {
      return fail_session(why);
    }
  }
  if (const Result<std::string> commands = start_commands(); !commands) return fail_session(commands.error().what);
  phase_ = Phase::kSending;
  deadline_ = now + settings_.reply_timeout;
  if (ours_ || upload_.runner == RunnerKind::kStaprun) return send_files();
  // A released agent starts staprun for a file of which it knows nothing, and the code of its failure may be lost.
  const RunnerEntry& runner = runner_entry(upload_.runner);
  if (rfc_ || agent_version_ < kFirstWithOption || runner.option.empty()) return fail_session(has_no_runner());
  ask_options({std::string(runner.option)}, now);
}

void ClientSession::send_files() {
  if (ask_policy()) return;
  send_file_or_be_ready();
  while (rfc_ && phase_ == Phase::kSending) send_file_or_be_ready();  // Nothing is answered.
}

// What would be refused is sent nothing. What the question has no spelling for is found out by `run`.
bool ClientSession::ask_policy() {
  if (!has_policy_ || upload_.files.empty()) return false;
  if (!nonce_.empty()) send_signatures();
  CheckCommand check{{}, upload_.run_args};
  for (const Upload::File& file : upload_.files) check.files.push_back({file.name, file.digest});
  const bool spelled = std::ranges::none_of(upload_.run_args, &std::string::empty) &&
                       std::ranges::none_of(upload_.files, &std::string::empty, &Upload::File::digest);
  std::string line = format_command(check);
  if (!spelled || line.size() - 1 > settings_.limits.line_bytes_max) return policy_unanswered_ > 0;
  emit(SendBytes{std::move(line)});
  ++policy_unanswered_;
  return true;
}

// Before the question, so that it is answered as `run` will be.
void ClientSession::send_signatures() {
  for (const Upload::File& file : upload_.files) {
    if (file.signature.empty()) continue;
    emit(SendBytes{format_command(SignatureCommand{file.signature.size(), file.name}) + file.signature});
    ++policy_unanswered_;
  }
  if (upload_.manifest.empty()) return;
  emit(SendBytes{format_command(ManifestCommand{upload_.manifest.size()}) + upload_.manifest});
  ++policy_unanswered_;
}

// Why a released agent is sent nothing.
std::string ClientSession::has_no_runner() const {
  const bool is_older = upload_.runner == RunnerKind::kStapbpf && agent_version_ < kFirstWithBpf;
  return "its stapsh is systemtap's (" + printable(hello_.version) + "), which can't start " +
         std::string(runner_name(upload_.runner)) + (is_older ? " (5.1's can)" : "") +
         "; put ours there: by --bootstrap over ssh, or copy the one file stapsh to the target";
}

void ClientSession::on_module_failed(std::string_view reason) {
  if (!ended()) fail_session(std::string(reason));
}

void ClientSession::send_file_or_be_ready() {
  if (next_file_ == upload_.files.size() || settings_.dry_run) {
    phase_ = Phase::kReady;
    if (!stopping_) deadline_.reset();
    return emit(Ready{});
  }
  const Upload::File& file = upload_.files[next_file_];
  if (kept_.empty() || file.digest.empty()) return send_file();
  asks_for_kept_ = true;
  emit(SendBytes{format_command(HaveCommand{file.digest, file.name}), true});
}

void ClientSession::send_file() {
  const Upload::File& file = upload_.files[next_file_];
  emit(SendBytes{format_command(FileCommand{file.size, file.name, verifies_ ? file.digest : std::string()})});
  emit(SendFile{next_file_});
  ++next_file_;
}

// The words of `run` where the agent can take them so, otherwise each as an `arg` before it.
Result<std::string> ClientSession::start_commands() const {
  const bool spelled = std::none_of(upload_.run_args.begin(), upload_.run_args.end(),
                                    [](const std::string& arg) { return arg.empty(); });
  std::string line = format_command(RunCommand{upload_.run_args});
  const bool released = !ours_ && !rfc_;
  const std::uint64_t line_bytes_max = released ? kReleasedLineBytesMax : settings_.limits.line_bytes_max;
  const std::uint64_t args_max = released ? kReleasedArgsMax : settings_.limits.args_max;
  if (upload_.run_args.size() > args_max) {
    return fail(Errc::kLimit, std::to_string(upload_.run_args.size()) + " arguments, over the agent's args-max (" +
                                  std::to_string(args_max) + ")");
  }
  if (!rfc_ && spelled && line.size() - 1 <= line_bytes_max) return line;
  if (released && !spelled) return fail(Errc::kLimit, "an empty argument, which this old stapsh can't be told");
  if (released) {
    return fail(Errc::kLimit, "arguments of " + std::to_string(line.size()) + " bytes, over line-bytes-max (" +
                                  std::to_string(line_bytes_max) + ") of this old stapsh; shorten them");
  }
  std::string commands;
  for (const std::string& arg : upload_.run_args) {
    commands += format_command(ArgCommand{arg.size()});
    commands += arg;
  }
  return commands + format_command(RunCommand{});
}

void ClientSession::on_start(TimePoint now) {
  if (ended() || stopping_) return;
  STAPSH_ASSERT(phase_ == Phase::kReady);
  Result<std::string> commands = start_commands();
  STAPSH_ASSERT(commands);  // As on_module_ready() found.
  const bool as_args = !commands->starts_with("run ") && *commands != "run\n";
  starts_unanswered_ = as_args ? upload_.run_args.size() + 1 : 1;
  emit(SendBytes{*std::move(commands)});
  if (rfc_) {
    phase_ = Phase::kRunning;
    deadline_.reset();
    return emit(Started{});
  }
  phase_ = Phase::kStarting;
  deadline_ = now + settings_.reply_timeout;
}

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
    if (!quit_owed_ && (!again || ours_)) emit(SendBytes{std::string(kQuit)});
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
  if (frame_ && quit_bytes_held_ == kQuit.size() && end.reason.empty()) {
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
  fail_session("the connection ended " + std::string(started ? "in mid-run" : "before the runner started") + because);
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
