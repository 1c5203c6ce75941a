// SPDX-License-Identifier: Apache-2.0
// -l PATTERN and -L PATTERN: which tool lists the probes, and which options make no sense then.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// Whether `pattern` is written as bpftrace writes its probes (`tracepoint:sched:*`), with a ':' before any '.' or '('.
/// systemtap's have none there: `syscall.*`, `process("a").statement("f@a.c:1")`, `begin`.
bool is_bpftrace_pattern(std::string_view pattern);

/// The words that are no options: none, or the pattern of `-lv PATTERN`, as bpftrace takes it. Decides on the runtime
/// unless that was given.
Result<> take_listing_words(JobOptions& job, std::span<const std::string> words);

/// For options.job.lists(), after all options: refuses what is about a run, and has equal lists shown once.
Result<> settle_listing(RstapOptions& options);

}  // namespace stapsh::client
