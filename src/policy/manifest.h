// SPDX-License-Identifier: Apache-2.0
// What a person signs of one run, so that nobody else can use it for another: lines of text, in this order.
//   stapsh-manifest 1
//   nonce NONCE             what the agent chose for this session
//   target NAME             what the client calls the target; a quoted-printable word
//   until SECONDS           since 1970: it is worth nothing later
//   runner NAME
//   file SHA256 NAME        each file that is sent, the first one says what is run
//   arg WORD                each argument of the runner; a quoted-printable word, which may be empty
//   env WORD                each variable that the runner is given: NAME=VALUE, likewise
// The signature stands behind it, as ssh-keygen writes it. Strict: what one reader passes over another might not. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "policy/policy_decision.h"

namespace stapsh::policy {

/// What signatures are for: ssh-keygen's -n.
inline constexpr std::string_view kProgramNamespace = "stapsh-program", kRunNamespace = "stapsh-run";

struct Manifest {
  struct File {
    std::string name;
    std::string digest;  ///< SHA-256, 64 lower-case hexadecimal digits.
    bool operator==(const File&) const = default;
  };
  std::string nonce;
  std::string target;
  std::chrono::seconds until{};  ///< Since 1970.
  RunnerKind runner = RunnerKind::kStaprun;
  std::vector<File> files;
  std::vector<std::string> args;
  std::vector<std::string> environment{};  ///< NAME=VALUE
  bool operator==(const Manifest&) const = default;
};

std::string format_manifest(const Manifest& manifest);
/// kPeer: "manifest, line 3: …".
Result<Manifest> parse_manifest(std::string_view text);

/// Why it is not of this run, in the session of `nonce`, at that time; empty: it is.
std::string why_not_covered(const Manifest& manifest, const RunRequest& request, std::string_view nonce, WallTime now);

struct SignedText {
  std::string_view text, signature;  ///< Both empty: there is no signature behind it.
};
/// Where the signature begins that stands behind a manifest.
SignedText split_signed(std::string_view signed_text);

}  // namespace stapsh::policy
