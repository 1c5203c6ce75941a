// SPDX-License-Identifier: Apache-2.0
// What an AgentSession wants done. The shell performs effects one after the other, in order, and
// tells the outcome of those that have one through the session's on_* methods.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "policy/audit_record.h"
#include "policy/run_as.h"
#include "protocol/agent_line.h"
#include "protocol/runner_kind.h"
#include "protocol/target_environment.h"
#include "protocol/wall_time.h"
#include "session/run_signatures.h"

namespace stapsh {

/// To the protocol's stream, behind all output that is already on its way.
struct SendLine {
  std::string line;        ///< With its '\n'.
  bool droppable = false;  ///< Debug text: dropped when the peer does not read.
};
/// Likewise: `OK clock=` and the wall clock at this moment (clock_answer()).
struct SayClock {};
/// Likewise: what the machine offers to runners (environment_answer()), with what the session knows of its policy.
struct SayEnvironment {
  TargetEnvironment::Policy policy = TargetEnvironment::Policy::kUnknown;
};
/// To the agent's own standard error; a line without its '\n'.
struct Report {
  std::string text;
};
/// A new file in the workspace, which is made for the first of them. Outcome: on_file_failed(); after
/// that, no WriteFile or CommitFile comes for it.
struct CreateFile {
  std::string name;
  std::uint64_t size;
};
/// The next bytes of the file; a view of the bytes last given to on_bytes(). Outcome: on_file_failed().
struct WriteFile {
  std::string_view bytes;
};
/// The file is whole: close it, and look whether closing failed. A copy of it that fails is no failure. Outcome:
/// on_file_done() or on_file_failed().
struct CommitFile {
  std::string keep_as = {};  ///< Its digest, under which a copy is kept for later sessions; empty: none is.
};
/// A new file in the workspace, made of the one that is kept under `digest`, and found to have it. Outcome:
/// on_kept_taken(), or on_kept_absent(), and then there is none of that name.
struct TakeKept {
  std::string name, digest;
  std::uint64_t bytes_max;  ///< It may have.
};
/// From now on files may be kept. Outcome: on_keeping() or on_no_keeping().
struct BeginKeeping {};
/// The file will not be used: remove what there is of it. Nothing, if it could not be created: the
/// name may be another file's.
struct AbandonFile {};
/// Outcome: on_runner_starting(), on_runner_failed(), later on_runner_exited().
struct StartRunner {
  RunnerKind kind;
  std::vector<std::string> args;
  bool framed;  ///< Its output comes in frames; otherwise it inherits the agent's streams.
  std::vector<std::string> environment = {};  ///< Added to its own: NAME=VALUE, each of the runner's list.
  /// Written to the machine's log when it is about to execute. None: nobody asks for that.
  std::optional<policy::AuditRecord> log = {};
  policy::RunAs run_as = {};  ///< As whom.
};
struct SignalRunner {
  int signo;
  bool everyone;  ///< Every process of the session, not the runner alone.
};
/// Throw away what is not on the wire yet; nothing is sent from here on. Outcome: on_output_drained().
struct DiscardOutput {};
/// Unload a module that is still loaded, remove the workspace, look what is left. Outcome: on_cleaned_up().
struct CleanUp {};
/// End what dead sessions of this user left, and look whether `session` (unless empty) is still there. Outcome:
/// on_swept().
struct Sweep {
  std::string session;
};
/// Look which runners are there, and ask them for their versions. Outcome: on_runners_found().
struct FindRunners {};
/// Write that to the machine's log.
struct WriteLog {
  policy::AuditRecord record;
};
/// Ask ssh-keygen who made these signatures: of files in the workspace, or of texts. Outcome: on_signatures_verified().
struct VerifySignatures {
  std::vector<SignatureQuestion> questions;  ///< May be none: what is missing then is the time.
  std::string allowed_signers, revoked_keys;
};
/// Always the last effect.
struct EndSession {
  int exit_code;
};

/// What SayClock sends, with its '\n'.
inline std::string clock_answer(WallTime now) { return format_agent_line(OkLine{"clock=" + format_wall_time(now)}); }

/// What SayEnvironment sends, with its '\n'.
inline std::string environment_answer(const TargetEnvironment& environment) {
  return format_agent_line(OkLine{std::string(kEnvironmentAnswer) + format_environment(environment)});
}

using AgentEffect = std::variant<SendLine, SayClock, SayEnvironment, Report, CreateFile, WriteFile, CommitFile,
                                 TakeKept, BeginKeeping, AbandonFile, StartRunner, SignalRunner, DiscardOutput, CleanUp,
                                 Sweep, FindRunners, WriteLog, VerifySignatures, EndSession>;

}  // namespace stapsh
