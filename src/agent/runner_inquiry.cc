// SPDX-License-Identifier: Apache-2.0
#include "agent/runner_inquiry.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "agent/independent_process.h"
#include "agent/known_versions.h"
#include "agent/runner_finder.h"
#include "agent/version_question.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

constexpr Duration kAskerEndLimit = std::chrono::seconds(1);

// Of those that may be executed; empty for others.
using Paths = std::vector<std::string>;

void ask(FoundRunners& found, const Paths& paths) {
  KnownVersions known = read_versions();
  KnownVersions kept;
  std::vector<std::size_t> asked;
  std::vector<std::string> programs, identities;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (paths[i].empty()) continue;
    std::string identity = program_identity(paths[i]);
    if (const auto version = known.find(identity); version != known.end()) {
      kept.emplace(std::move(identity), version->second);
      continue;
    }
    asked.push_back(i);
    programs.push_back(paths[i]);
    identities.push_back(std::move(identity));
  }
  const std::vector<std::string> versions = ask_versions(programs);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    found[asked[i]].version = versions[i];
    if (!identities[i].empty()) kept.emplace(identities[i], versions[i]);
  }
  if (kept != known) keep_versions(kept);
}

[[noreturn]] void ask_aside(FoundRunners found, const Paths& paths, int answer) noexcept {
  const std::array<int, 1> kept{answer};
  become_independent("stapsh-runners", kept);
  try {
    ask(found, paths);
    // Small enough for a pipe to take at once; who asked may be gone.
    (void)sys::write_some(answer, format_found_runners(found));
  } catch (const std::exception&) {
    ::_exit(1);  // Out of memory. The stack above is another process's business.
  }
  ::_exit(0);
}

}  // namespace

RunnerInquiry RunnerInquiry::begin() {
  RunnerInquiry inquiry;
  FoundRunners& found = inquiry.found_;
  const KnownVersions known = read_versions();
  Paths paths;
  bool all_known = true;
  for (const RunnerEntry& entry : kRunnerTable) {
    const std::optional<RunnerPlace> place = runner_place(entry.kind);
    if (!place) continue;
    const auto version = place->denied ? known.end() : known.find(program_identity(place->path));
    found.push_back({entry.kind, place->denied, version == known.end() ? std::string() : version->second});
    paths.push_back(place->denied ? std::string() : place->path);
    all_known = all_known && (place->denied || version != known.end());
  }
  if (all_known) return inquiry;
  Result<sys::Pipe> pipe = sys::make_pipe({.nonblocking_read = true});
  if (!pipe) return inquiry;
  Result<sys::ProcessRef> process = sys::fork_aside();
  if (!process) return inquiry;
  if (!process->valid()) ask_aside(std::move(found), paths, pipe->write_end.get());
  inquiry.process_ = *std::move(process);
  inquiry.answer_ = std::move(pipe->read_end);
  return inquiry;
}

FoundRunners RunnerInquiry::finish() {
  if (!asks()) return std::move(found_);
  std::array<char, PIPE_BUF> buffer;
  const Result<sys::IoResult> got = sys::read_some(answer_.get(), buffer);
  if (got && got->bytes > 0) found_ = parse_found_runners(std::string_view(buffer.data(), got->bytes));
  (void)process_.wait_exit(kAskerEndLimit);
  sys::reap_aside(process_);
  return std::move(found_);
}

}  // namespace stapsh::agent
