// SPDX-License-Identifier: Apache-2.0
#include "client/cli/listing.h"

#include <fmt/format.h>

namespace stapsh::client {

bool is_bpftrace_pattern(std::string_view pattern) {
  const std::size_t first = pattern.find_first_of(":.(");
  return first != std::string_view::npos && pattern[first] == ':';
}

Result<> take_listing_words(JobOptions& job, std::span<const std::string> words) {
  if (job.script == "v" && !job.lists_variables && words.size() == 1) {
    job.script = words.front();
    job.lists_variables = true;
  } else if (!words.empty()) {
    return fail(Errc::kUsage,
                fmt::format("{} lists probes, and runs no script: leave '{}' out", job.script_name(), words.front()));
  }
  if (!job.runtime_given && is_bpftrace_pattern(job.script)) job.runtime = Runtime::kBpftrace;
  return {};
}

Result<> settle_listing(RstapOptions& options) {
  const JobOptions& job = options.job;
  OutputOptions& output = options.output;
  std::string_view unfit;
  if (options.dry_run) unfit = "--dry-run";
  if (output.answers.wanted()) unfit = "--sum and its like";
  if (job.output_file) unfit = "-o";
  // To stap it says which program `process` means.
  if (job.command && job.runtime == Runtime::kBpftrace) unfit = "-c";
  if (!unfit.empty()) {
    return fail(Errc::kUsage, fmt::format("{} lists probes, and runs nothing: leave {} out", job.script_name(), unfit));
  }
  const bool has_lines = output.timestamps != Timestamps::kNone || output.by_time;
  if (output.format == Format::kJson || has_lines || output.diff || output.gather) return {};
  output.gather = output.bare_alone = true;
  return {};
}

}  // namespace stapsh::client
