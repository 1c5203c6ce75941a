// SPDX-License-Identifier: Apache-2.0
// What an agent has to run programs with, as `option runners` tells it: docs/protocol.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/runner_kind.h"

namespace stapsh {

/// A runner that is there.
struct FoundRunner {
  RunnerKind kind = RunnerKind::kStaprun;
  bool denied = false;    ///< Its user may not execute it; then nobody knows its version.
  std::string version{};  ///< As it says it: "4.8", "0.17.0"; empty: it did not.
  bool operator==(const FoundRunner&) const = default;
};
/// Those that are there, none twice.
using FoundRunners = std::vector<FoundRunner>;

/// What stands before the word in the answer to `option runners`.
inline constexpr std::string_view kRunnersAnswer = "runners=";

/// None: it is not there.
const FoundRunner* find(const FoundRunners& runners, RunnerKind kind);

/// One word: "staprun:4.8,stapbpf:denied,bpftrace:unknown"; "none".
std::string format_found_runners(const FoundRunners& runners);
/// Total: a runner without a known name is left out, a version that is none is unknown.
FoundRunners parse_found_runners(std::string_view word);

/// Letters, digits and `.+~-`, beginning with a digit, at most 32 bytes.
bool is_runner_version(std::string_view text);
/// The first word that is a version, with a point in it, in what a runner says of itself: "bpftrace v0.17.0",
/// "Systemtap module loader/runner (version 4.8, …)". Empty: there is none.
std::string version_said(std::string_view text);

}  // namespace stapsh
