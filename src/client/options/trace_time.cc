// SPDX-License-Identifier: Apache-2.0
#include "client/options/trace_time.h"

#include <algorithm>

#include "base/parse_seconds.h"
#include "client/options/check_options.h"

namespace stapsh::client {
namespace {

// Compiling and attaching take a fraction of a second, or several on a machine that is busy: a minute is for ever.
constexpr Duration kAttachMore = std::chrono::minutes(1);

// bpftrace prints "Attaching 2 probes...", and before it nothing, wherever its output goes.
bool tells_attached(const JobOptions& job) {
  const bool hidden = !option_values(job, OptionId::kCoverage).empty() || job.output_file ||
                      std::ranges::any_of(job.runner_words, [](const auto& word) {
                        return word.starts_with("-q") || word.starts_with("-o");
                      });
  return runner_of(job) == RunnerKind::kBpftrace && !hidden;
}

}  // namespace

std::optional<TraceTime> trace_time(const RstapOptions& options) {
  std::optional<Duration> time;
  if (options.deadline) time = *options.deadline;
  if (options.job.timeout_seconds && runner_of(options.job) == RunnerKind::kBpftrace) {
    const Result<Duration> seconds = parse_seconds(*options.job.timeout_seconds);
    if (seconds) time = time ? std::min(*time, *seconds) : *seconds;  // It was checked when it was given.
  }
  if (!time) return std::nullopt;
  return TraceTime{*time, *time + kAttachMore, tells_attached(options.job)};
}

}  // namespace stapsh::client
