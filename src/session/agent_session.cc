// SPDX-License-Identifier: Apache-2.0
#include "session/agent_session.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/overloaded.h"
#include "protocol/runner_environment.h"
#include "protocol/version.h"

namespace stapsh {

using Rung = StopLadder::Rung;

AgentSession::AgentSession(AgentSettings settings)
    : settings_(std::move(settings)),
      lines_(settings_.limits.line_bytes_max),
      ladder_(settings_.stop_times),
      next_client_(settings_.stream_outlives_client),
      rfc_(settings_.force_rfc) {
  dialect_.stop_times = settings_.stop_times;
  dialect_.verbose = settings_.verbose;
}

bool AgentSession::wants_input() const {
  return !ended() && !std::holds_alternative<AwaitingOutcome>(input_) && !std::holds_alternative<Deaf>(input_);
}

void AgentSession::on_start(TimePoint now) {
  if (settings_.hello_timeout) hello_due_at_ = now + *settings_.hello_timeout;
}

std::size_t AgentSession::on_bytes(std::string_view bytes, TimePoint now) {
  keepalive_.heard(now);
  std::size_t taken = 0;
  while (taken < bytes.size() && wants_input()) {
    const std::string_view rest = bytes.substr(taken);
    auto* data = std::get_if<ReceivingData>(&input_);
    taken += data ? take_data(*data, rest) : take_line(rest, now);
  }
  next_client_.stop_looking();
  if (std::holds_alternative<ReceivingData>(input_)) next_client_.look_in_data(now);
  // Nothing that comes after the end means anything.
  const bool meaningless = ended() || std::holds_alternative<Deaf>(input_);
  return meaningless && !next_hello() ? bytes.size() : taken;
}

std::size_t AgentSession::take_line(std::string_view bytes, TimePoint now) {
  const LineReader::Taken taken = lines_.take(bytes);
  next_client_.note(bytes.substr(0, taken.bytes));
  switch (taken.status) {
    case LineReader::Status::kNeedMore:
      break;
    case LineReader::Status::kTooLong:
      lose_stream("line over line-bytes-max (" + std::to_string(settings_.limits.line_bytes_max) +
                      "); start stapsh with a higher --line-bytes-max",
                  now);
      break;
    case LineReader::Status::kLine: {
      // Half a line of a client that went, and the next one's hello. No client's own line ends so, but a `run` whose
      // last arguments happen to.
      const Command command = parse_command(taken.line, settings_.limits);
      const bool may_end_so = !greeted_ || std::holds_alternative<RunCommand>(command);
      const std::string_view hello = may_end_so ? std::string_view() : next_client_.hello();
      hello.empty() ? perform(command, now) : make_way(hello, now);
      break;
    }
  }
  return taken.bytes;
}

// This session ends for the next client, whose hello it was.
void AgentSession::make_way(std::string_view hello, TimePoint now) {
  next_client_.found(hello);
  on_peer_gone(now);
}

std::size_t AgentSession::take_data(ReceivingData& data, std::string_view bytes) {
  const std::string_view piece = bytes.substr(0, data.bytes_left);
  data.bytes_left -= piece.size();
  next_client_.note(piece);
  if (data.use == ReceivingData::Use::kFile) {
    if (digest_) digest_->update(piece);
    emit(WriteFile{piece});
  }
  if (data.use == ReceivingData::Use::kArg) args_.back().append(piece);
  if (data.use == ReceivingData::Use::kSignature || data.use == ReceivingData::Use::kManifest) received_.append(piece);
  if (data.bytes_left == 0) {
    const ReceivingData done = std::move(data);
    input_ = ReadingLine{};
    finish_data(done);
  }
  return piece.size();
}

void AgentSession::finish_data(const ReceivingData& data) {
  switch (data.use) {
    case ReceivingData::Use::kFile:
      finish_file(data);
      break;
    case ReceivingData::Use::kArg:
      // As C strings have it, and as the rfc says: a NUL ends the argument.
      args_.back().resize(std::min(args_.back().size(), args_.back().find('\0')));
      answer_ok();
      break;
    case ReceivingData::Use::kSignature:
      signatures_.add(data.name, std::exchange(received_, {}));
      answer_ok();
      break;
    case ReceivingData::Use::kManifest:
      finish_manifest();
      break;
    case ReceivingData::Use::kDiscard:
      break;  // It has been answered.
  }
}

// Said at once: a client that waits for the answer may have no DATA to send. What comes of it is skipped.
void AgentSession::refuse_data(ReceivingData& data, std::string_view reason) {
  data.use = ReceivingData::Use::kDiscard;
  answer_error(reason);
  broken_ = broken_ || rfc();
}

void AgentSession::perform(const Command& command, TimePoint now) {
  std::visit(Overloaded{
                 [&](const HelloCommand& c) { hello(c, now); },
                 [&](const OptionCommand& c) { set_option(c); },
                 [&](const FileCommand& c) { begin_file(c); },
                 [&](const HaveCommand& c) { have(c); },
                 [&](const ArgCommand& c) { begin_arg(c); },
                 [&](const RunCommand& c) { run(c, now); },
                 [&](const SignalCommand& c) {
                   if (const auto* alive = std::get_if<RunnerLives>(&life_)) {
                     if (!alive->exit_code) emit(SignalRunner{c.signo, false});
                   } else {
                     answer_error("signal: no runner lives; say run first");
                   }
                 },
                 [&](const QuitCommand&) {
                   // A second quit is an impatient person: it cuts the grace time short. But not that of
                   // output alone: who does not want it closes the connection. And SIGKILL needs its time.
                   const auto* alive = std::get_if<RunnerLives>(&life_);
                   if (quit_seen_ && alive) {
                     ladder_.hurry();
                     if (!alive->descendants_gone && ladder_.rung() < Rung::kKill) climb(now);
                   } else if (!stopping_) {
                     stop(now);
                   }
                   quit_seen_ = true;
                 },
                 [&](const PingCommand&) {},
                 [&](const SweepCommand& c) {
                   if (rfc() || runner_lives()) return answer_error("sweep: not now");
                   input_ = AwaitingOutcome{{}};
                   emit(Sweep{c.session});
                 },
                 [&](const CheckCommand& c) { check(c, now); },
                 [&](const SignatureCommand& c) { begin_signature(c); },
                 [&](const ManifestCommand& c) { begin_manifest(c); },
                 [&](const BadCommand& c) {
                   if (c.is_unknown && !greeted_) {
                     answer_error("unknown command before the hello");  // May be a password that sudo did not want.
                   } else if (c.data_size_unknown) {
                     lose_stream(c.reason, now);
                   } else {
                     answer_error(c.reason);
                   }
                 },
             },
             command);
}

void AgentSession::hello(const HelloCommand& command, TimePoint now) {
  if (std::exchange(greeted_, true) && next_client_.possible()) return make_way(format_command(command), now);
  if (runner_lives()) return answer_error("stap: a runner lives already");
  // Without a version it is nobody of the rfc's time, who all said one: served as released agents serve it.
  const bool is_old = !command.version.empty() && parse_version(command.version) < kFirstReleased;
  rfc_ = settings_.force_rfc || is_old;
  if (rfc_) dialect_.framed = false;  // An option of before; that dialect has none.
  emit(SendLine{format_agent_line(settings_.identity)});
  if (!settings_.complaint.empty()) emit(Report{std::exchange(settings_.complaint, {})});
  const std::string version = command.version.empty() ? "no version" : printable(command.version);
  debug("client speaks " + version + (rfc_ ? ", rfc dialect" : ", released dialect"));
}

void AgentSession::set_option(const OptionCommand& command) {
  if (rfc()) return answer_error("option: not in the rfc dialect");
  if (runner_lives()) return answer_error("option: a runner lives already");
  if (command.name == "session" && (files_ > 0 || run_tried_)) {
    return answer_error("option session: say it before the first file and the first run");
  }
  const Result<std::string> granted = dialect_.set(command, settings_.maxima);
  if (!granted) return answer_error(granted.error().what);
  ladder_ = StopLadder(dialect_.stop_times);
  if (command.name == "keepalive") keepalive_.enable(*dialect_.keepalive);  // From now on.
  if (command.name == "clock") return emit(SayClock{});
  if (command.name == "environment") {
    using Policy = TargetEnvironment::Policy;
    const Policy there = settings_.gate && !settings_.gate->broken.empty() ? Policy::kBroken : Policy::kThere;
    return emit(SayEnvironment{settings_.gate ? there : Policy::kNone});
  }
  if (command.name == "policy") return answer_ok(policy_answer());
  if (command.name == "keep") {
    if (!dialect_.verifies) return answer_error("option keep: say option digest first");
    // What runs is decided when the files are there, so one that may not run would stay, and `have` would tell of it.
    if (settings_.gate) return answer_error("option keep: nothing is kept where a policy is in force");
    input_ = AwaitingOutcome{{}};
    return emit(BeginKeeping{});
  }
  if (command.name == "nonce") {
    const std::string nonce = settings_.gate ? settings_.gate->nonce : std::string();
    return answer_ok(nonce.empty() ? nonce : std::string(kNonceAnswer) + nonce);
  }
  if (command.name == "runners") {
    input_ = AwaitingOutcome{{}};
    return emit(FindRunners{});
  }
  answer_ok(*granted);
}

void AgentSession::begin_file(const FileCommand& command) {
  const Limits& limits = settings_.limits;
  const bool verified = dialect_.verifies && !command.digest.empty();
  // Without the option it is a word too many, as it always was.
  std::string error = why_no_file(verified || command.digest.empty() ? command.name : "");
  if (error.empty() && command.size > limits.files_bytes_max - files_bytes_) {
    error = "file " + command.name + ": " + std::to_string(command.size) + " bytes more, over " +
            settings_.names.files_bytes + " (" + std::to_string(limits.files_bytes_max) + ")";
  }
  if (error.empty()) error = refuse_kind(command.name);
  if (error.empty()) {
    ++files_;
    files_bytes_ += command.size;
    if (files_ == 1) kind_from_file_ = runner_kind_for_module(command.name);
    remember_file(command.name, verified);
    emit(CreateFile{command.name, command.size});
  }
  begin_data({ReceivingData::Use::kFile, command.name, command.size, verified ? command.digest : ""}, error);
}

void AgentSession::begin_arg(const ArgCommand& command) {
  const Limits& limits = settings_.limits;
  std::string error;
  if (runner_lives()) {
    error = "arg: a runner lives already";
  } else if (args_.size() >= limits.args_max) {
    error = "arg: one more than args-max (" + std::to_string(limits.args_max) + ")";
  } else if (command.size > limits.args_bytes_max - args_bytes_) {
    error = "arg: over args-bytes-max (" + std::to_string(limits.args_bytes_max) + ")";
  }
  if (error.empty()) {
    args_bytes_ += command.size;
    args_.emplace_back();
  }
  begin_data({ReceivingData::Use::kArg, {}, command.size}, error);
}

void AgentSession::begin_data(ReceivingData data, std::string_view error) {
  if (!error.empty()) refuse_data(data, error);
  if (data.bytes_left == 0) return finish_data(data);
  input_ = std::move(data);
}

RunnerKind AgentSession::runner_kind() const {
  // An option is an order, the file's name a hint; without either it is what it always was.
  if (dialect_.runner_kind) return *dialect_.runner_kind;
  return kind_from_file_.value_or(RunnerKind::kStaprun);
}

std::optional<Duration> AgentSession::deadline() const {
  return dialect_.deadline ? dialect_.deadline : settings_.maxima.deadline;
}

void AgentSession::run(const RunCommand& command, TimePoint now) {
  if (runner_lives()) return answer_error("run: a runner lives already");
  if (rfc() && broken_) {
    emit(Report{"run: refused, because a file or an argument before it failed"});
    return stop(now);
  }
  std::vector<std::string> args = args_;
  std::uint64_t bytes = args_bytes_;
  for (const std::string& arg : command.args) bytes += arg.size();
  args.insert(args.end(), command.args.begin(), command.args.end());
  const Limits& limits = settings_.limits;
  if (args.size() > limits.args_max) {
    return answer_error("run: " + std::to_string(args.size()) + " arguments, over args-max (" +
                        std::to_string(limits.args_max) + "); start stapsh with a higher --args-max");
  }
  if (bytes > limits.args_bytes_max) {
    return answer_error("run: " + std::to_string(bytes) + " bytes of arguments, over args-bytes-max (" +
                        std::to_string(limits.args_bytes_max) + "); start stapsh with a higher --args-bytes-max");
  }
  for (const std::string& variable : dialect_.environment) {
    if (const Result<> fits = check_runner_variable(variable, runner_kind()); !fits) {
      return answer_error("run: env " + fits.error().what);
    }
  }
  decide({runner_kind(), std::move(args), uploaded_}, true, now);
}

void AgentSession::on_file_done() {
  const auto* awaiting = std::get_if<AwaitingOutcome>(&input_);
  STAPSH_ASSERT(awaiting != nullptr);
  if (!awaiting->objection.empty()) return on_file_failed({Errc::kPeer, awaiting->objection});
  input_ = ReadingLine{};
  answer_ok();
}

void AgentSession::on_file_failed(const Error& error) {
  // What was on its way to the file is for no file now.
  std::erase_if(effects_, [](const AgentEffect& effect) {
    return std::holds_alternative<WriteFile>(effect) || std::holds_alternative<CommitFile>(effect);
  });
  if (auto* data = std::get_if<ReceivingData>(&input_)) {
    if (data->use == ReceivingData::Use::kDiscard) return;  // One answer for each command: the first reason counts.
    forget_file();
    emit(AbandonFile{});
    return refuse_data(*data, "file " + data->name + ": " + error.what);
  }
  const auto* awaiting = std::get_if<AwaitingOutcome>(&input_);
  STAPSH_ASSERT(awaiting != nullptr);
  const std::string text = "file " + awaiting->file_name + ": " + error.what;
  forget_file();
  emit(AbandonFile{});
  input_ = ReadingLine{};
  broken_ = broken_ || rfc();
  answer_error(text);
}

void AgentSession::on_runner_starting() {
  STAPSH_ASSERT(std::holds_alternative<NoRunner>(life_));
  answer_ok();
  life_ = RunnerLives{};
  input_ = ReadingLine{};
  if (const std::optional<Duration> deadline = this->deadline()) {
    deadline_at_ = keepalive_.last_heard() + *deadline;  // Of its `run`.
  }
  debug("runner starts: " + std::string(runner_name(runner_kind())));
}

void AgentSession::on_runner_failed(const Error& error, TimePoint now) {
  if (runner_lives()) {
    // The OK is out: what is left to say goes where the runner would have said it.
    emit(Report{error.what});
    on_runner_exited(127, false, now);
    on_descendants_gone(now);
    return;
  }
  input_ = ReadingLine{};
  log_failure(error);
  answer_error("run: " + error.what);
  if (rfc()) {
    broken_ = true;
    stop(now);
  }
}

void AgentSession::on_runner_exited(int exit_code, bool signalled, TimePoint now) {
  auto* alive = std::get_if<RunnerLives>(&life_);
  if (!alive || alive->exit_code) return;  // Given up before; or told twice.
  alive->exit_code = exit_code;
  alive->signalled = signalled;
  debug("runner ended with " + std::to_string(exit_code));
  // What it left behind may end by itself within the grace time.
  if (!ladder_.climbing()) ladder_.start(Rung::kStopSignal, now);
  finish_when_all_gone();
}

void AgentSession::on_descendants_gone(TimePoint now) {
  auto* alive = std::get_if<RunnerLives>(&life_);
  if (!alive || alive->descendants_gone) return;
  alive->descendants_gone = true;
  // Only output is left. A reader that lives may take its time; one that asked for the end gets the grace time.
  ladder_.stand_down();
  if (stopping_) ladder_.start(Rung::kKill, now);
  finish_when_all_gone();
}

void AgentSession::on_output_progress(std::uint64_t bytes, TimePoint now) {
  const auto* alive = std::get_if<RunnerLives>(&life_);
  if (!alive) return;
  keepalive_.said(now);
  // The output of what a runner left behind earns nothing: it could go on for ever.
  if (alive->exit_code && !alive->descendants_gone) return;
  ladder_.note_output(bytes, now);
}

void AgentSession::on_swept(std::uint64_t removed, std::uint64_t left, const std::vector<std::string>& notes) {
  if (!std::holds_alternative<AwaitingOutcome>(input_)) return;  // It was stopped meanwhile.
  input_ = ReadingLine{};
  for (const std::string& note : notes) emit(SendLine{format_agent_line(DebugLine{"sweep: " + note})});
  emit(SendLine{format_agent_line(SweptLine{removed, left})});
}

void AgentSession::on_runners_found(const FoundRunners& runners) {
  if (!std::holds_alternative<AwaitingOutcome>(input_)) return;  // It was stopped meanwhile.
  input_ = ReadingLine{};
  answer_ok(std::string(kRunnersAnswer) + format_found_runners(runners));
}

void AgentSession::answer_ok(std::string granted) {
  if (!rfc()) emit(SendLine{format_agent_line(OkLine{std::move(granted)})});
}

void AgentSession::answer_error(std::string_view text) {
  if (runner_lives()) return debug(text);  // A reply would be taken for the runner's output.
  if (rfc()) {
    emit(Report{std::string(text)});
  } else {
    emit(SendLine{format_agent_line(ErrorLine{std::string(text)})});
  }
}

void AgentSession::debug(std::string_view text) {
  if (dialect_.verbose == 0) return;
  // Standard error, unless frames run: transports that carry them often carry nothing else.
  if (dialect_.framed && runner_lives()) {
    emit(SendLine{format_agent_line(DebugLine{std::string(text)}), true});
  } else {
    emit(Report{std::string(text)});
  }
}

std::optional<AgentEffect> AgentSession::next_effect() {
  if (effects_.empty()) return std::nullopt;
  AgentEffect effect = std::move(effects_.front());
  effects_.pop_front();
  return effect;
}

}  // namespace stapsh
