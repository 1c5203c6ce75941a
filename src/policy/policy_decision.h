// SPDX-License-Identifier: Apache-2.0
// Whether a run is allowed, and which line says so. The first statement that matches decides; none is a refusal. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace stapsh::policy {

/// Who has signed something.
struct Signers {
  std::vector<std::string> principals;  ///< Those that were asked after, and have.
  std::string fault;                    ///< Why nobody has, for a person; empty: there is no signature.
  bool unknown = false;                 ///< It is not known yet who has: taken for those that are wanted.
  bool operator==(const Signers&) const = default;
};

/// A file that a client uploaded, or is about to.
struct UploadedFile {
  std::string name;
  std::string digest;  ///< Empty: it is not known yet, and taken for one that is listed.
  Signers signers{};
  bool operator==(const UploadedFile&) const = default;
};

struct RunRequest {
  RunnerKind runner;
  /// Of the runner. None: they are not known yet, and taken for such as are allowed.
  std::optional<std::vector<std::string>> args;
  std::vector<UploadedFile> files;
  std::vector<std::string> environment{};  ///< NAME=VALUE, as the client gives them to the runner.
  Signers operators{};                     ///< Of the run.
  /// What it was signed for, as its client calls it. None: not known yet, and taken for one that is wanted.
  std::optional<std::string> target{};
};

struct Decision {
  bool allowed = false;
  unsigned line = 0;  ///< Of the statement that decided, or that missed by little; 0: none.
  std::string
      reason;      ///< Of a refusal, "policy line 6: deny runner=staprun"; of what is allowed, the statement's text.
  RunAs run_as{};  ///< Of what is allowed: as whom.
};

Decision decide(const Policy& policy, const Peer& peer, const RunRequest& request);

/// A session's: who it is with, and what holds for them.
struct Gate {
  Peer peer;
  Policy policy;
  std::string broken;                 ///< Why the policy can't be used; then nothing is allowed. Empty: it can.
  Capabilities own_capabilities = 0;  ///< The agent's: it can't give a runner more.
  std::string unbounded{};            ///< Why no runner can be held to tasks= or memory=. Empty: it can, or need not.
  std::string nonce{};                ///< What no other session has, for who signs a run. Empty: nobody needs to.

  [[nodiscard]] Decision decide(const RunRequest& request) const;
  /// What is refused because of a policy that can't be used is logged, too.
  [[nodiscard]] bool logs() const { return policy.logging != Logging::kNone || !broken.empty(); }
  /// Whether the digests of files are asked for.
  [[nodiscard]] bool wants_digests() const { return !policy.digests.empty() || policy.asks_for_signatures() || logs(); }
};

}  // namespace stapsh::policy
