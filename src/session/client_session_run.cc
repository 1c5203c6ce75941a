// SPDX-License-Identifier: Apache-2.0
// From a connected session to a runner: files, signatures, the policy there, and `run`.
#include <algorithm>

#include "base/assert.h"
#include "protocol/command.h"
#include "session/client_session.h"
#include "session/runner_check.h"

namespace stapsh {

void ClientSession::on_reply(bool ok, const std::string& said, TimePoint now) {
  const std::string text = ok || !said.empty() ? said : "the agent says ERROR, and not why";
  note_progress(now);
  // Some options may be asked along with our hello: nothing answers them before there is one of theirs.
  if (hello_seen_ && !unanswered_.empty()) return on_option_reply(ok, text, now);
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
    if (quit_owed_) emit(SendBytes{std::string(kQuitLine)});
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

}  // namespace stapsh
