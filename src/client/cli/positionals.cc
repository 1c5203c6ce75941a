// SPDX-License-Identifier: Apache-2.0
#include "client/cli/positionals.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <fstream>

#include "client/cli/listing.h"
#include "client/options/bpftrace_text.h"
#include "protocol/runner_kind.h"

namespace stapsh::client {
namespace {

// What can be read but once is left alone.
bool file_says_bpftrace(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (path.starts_with("/dev/") || path.starts_with("/proc/")) return false;
  std::ifstream file(path, std::ios::binary);
  std::array<char, 256> head{};
  file.read(head.data(), head.size());  // Who needs more of it says what is wrong with it.
  return says_bpftrace({head.data(), static_cast<std::size_t>(file.gcount())});
}

}  // namespace

Result<> take_positionals(JobOptions& job, std::span<const std::string> words) {
  if (job.lists()) return take_listing_words(job, words);
  auto first = words.begin();
  if (job.script_kind != ScriptKind::kText) {
    if (first == words.end()) {
      return fail(Errc::kUsage, "no script: give a FILE, -e 'SCRIPT', or - for standard input; see rstap --help");
    }
    job.script = *first++;
    if (job.script.empty()) return fail(Errc::kUsage, "the script's name is empty");
    const std::optional<RunnerKind> kind = runner_kind_for_module(job.script);
    if (job.script == "-") {
      job.script_kind = ScriptKind::kStdin;
    } else if (job.runtime == Runtime::kBpftrace) {
      if (kind.value_or(RunnerKind::kBpftrace) != RunnerKind::kBpftrace) {
        return fail(Errc::kUsage, fmt::format("{} is a module for {}, not a bpftrace program; leave --bpftrace out",
                                              job.script, runner_name(*kind)));
      }
    } else if (kind) {
      job.script_kind = ScriptKind::kReadyModule;
    } else if (!job.runtime_given && file_says_bpftrace(job.script)) {
      job.runtime = Runtime::kBpftrace;
    }
  } else if (!job.runtime_given && says_bpftrace(job.script)) {
    job.runtime = Runtime::kBpftrace;
  }
  job.script_arguments.assign(first, words.end());
  return {};
}

}  // namespace stapsh::client
