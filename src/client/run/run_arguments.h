// SPDX-License-Identifier: Apache-2.0
// The words of the protocol's `run` for one target, in the order of the released clients:
//   kernel: [-v…] [-w] [-o FILE] [-c CMD] [-x PID] [-b MB] [-R] [-S SIZE] [-C WHEN] [-N PID] ./MOD.ko [GLOBAL=VALUE…]
//   -r IDX:URI bpf:    [-v…] [-w] [-c CMD] [-x PID] [-o FILE] ./MOD.bo
// Pure. The words are not yet quoted for the wire (protocol/quoted.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/options/rstap_options.h"
#include "protocol/runner_kind.h"
#include "protocol/version.h"

namespace stapsh::client {

using AgentVersion = Version;

/// The words after `run`. `module_name` is the file's name on the target, without a folder; `folder` is where it and
/// what travels beside it are, as the runner finds it. kUsage if an option or an argument can't be handed to this
/// runner: the message names both and says what to do.
Result<std::vector<std::string>> runner_arguments(const JobOptions& options, RunnerKind runner, AgentVersion version,
                                                  std::string_view module_name, unsigned target_index,
                                                  std::string_view target_uri, std::string_view folder = ".");

/// What --dry-run says of a target that could run: "would run bpftrace with opens.bt on 6.1.0-56-amd64 x86_64, ready
/// made".
std::string plan_text(const RstapOptions& options, RunnerKind runner, std::string_view module_name,
                      std::string_view release, std::string_view machine);

}  // namespace stapsh::client
