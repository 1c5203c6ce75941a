// SPDX-License-Identifier: Apache-2.0
// What may run on this machine, as its owner wrote it: the values of a policy file. How one is written:
// stapsh-policy(5); read by policy_reader.h, asked by policy_decision.h. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "policy/run_as.h"
#include "protocol/runner_kind.h"

namespace stapsh::policy {

/// Who reaches the agent, as far as it is certain. At most one of them is known: whoever was given a name is that name
/// and nothing else.
struct Peer {
  std::optional<std::uint32_t>
      uid;  ///< Of who connected; of the agent itself where it has standard input from elsewhere.
  std::optional<std::uint32_t> cid;  ///< Of a machine at vsock.
  std::string name;                  ///< Of `stapsh --as NAME`; empty: none.
  bool operator==(const Peer&) const = default;
};

/// "uid 1000", "as oncall": for a message.
std::string peer_text(const Peer& peer);

/// Whether `name` is one for --as and `as=`: letters, digits and `._-`, at most 64, not beginning with `-` or `.`.
bool is_peer_name(std::string_view name);

/// Whether `name` is one for `signed=` and `operator=`: letters, digits and `._-@+`, at most 64, not beginning with
/// `-`.
bool is_principal(std::string_view name);

/// Whom a statement is about: each kind that is given must match, by any of its values. None given: everybody.
struct Who {
  std::vector<std::uint32_t> uids, cids;
  std::vector<std::string> names;
  [[nodiscard]] bool everybody() const { return uids.empty() && cids.empty() && names.empty(); }
  [[nodiscard]] bool holds_for(const Peer& peer) const;
};

/// `allow` or `deny`.
struct Statement {
  unsigned line = 0;
  std::string text;  ///< Without comment and blanks around it.
  bool allows = false;
  Who who;
  std::vector<RunnerKind> runners;   ///< Empty: each.
  std::vector<std::string> signers;  ///< signed=: each uploaded file has a signature of one of them; empty: not asked.
  std::vector<std::string> operators;  ///< operator=: one of them signed the run; empty: not asked.
  std::vector<std::string> targets;    ///< target=: the run was signed for one of these; empty: for any.
  std::string digest_file;             ///< Each uploaded file's digest stands there; empty: not asked.
  bool only_safe = false;              ///< args=safe
  bool with_command = false;           ///< command=yes: `-c CMD` beside safe arguments.
  RunAs run_as;                        ///< user=, caps=
};

/// What `limit` can bound. None: it does not.
struct Bounds {
  std::optional<Duration> run, stop, grace, idle;
  std::optional<std::uint64_t> workspace;           ///< Bytes of all files of a session.
  std::optional<std::uint64_t> output;              ///< Bytes of a run's output in a second.
  std::optional<std::uint64_t> tasks;               ///< Processes and threads of a runner and all that it starts.
  std::optional<std::uint64_t> memory;              ///< Bytes that these may use.
  std::optional<std::uint64_t> sessions, per_peer;  ///< At a listener's socket.
};

/// What `tasks` and `memory` are: "at most 64 processes and threads and 100000000 bytes of memory". Empty: no bound.
std::string usage_text(const Bounds& bounds);

struct LimitStatement {
  unsigned line = 0;
  Who who;
  Bounds bounds;
};

/// `log auth`: whether a run's start, refusal and end are written to the machine's log.
enum class Logging {
  kNone,
  kAuth,
  kRequired,  ///< And what can't be written there does not start.
};

using Digests = std::set<std::string, std::less<>>;  ///< 64 lower-case hexadecimal digits each.

struct Policy {
  std::vector<Statement> statements;
  std::vector<LimitStatement> limits;
  Logging logging = Logging::kNone;
  /// What the files hold that statements name. The reader makes empty ones; whoever can read files fills them.
  std::map<std::string, Digests, std::less<>> digests;

  /// Who may sign, as ssh-keygen(1), ALLOWED SIGNERS, has it; and whose keys may not any more, empty: nobody's. Whoever
  /// can read files fills them, where asks_for_signatures().
  std::string allowed_signers, revoked_keys;

  /// Whether a statement has signed= or operator=.
  [[nodiscard]] bool asks_for_signatures() const;
  /// For each of them the first statement about `peer` that has it.
  [[nodiscard]] Bounds bounds_for(const Peer& peer) const;
};

}  // namespace stapsh::policy
