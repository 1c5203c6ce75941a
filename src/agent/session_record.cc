// SPDX-License-Identifier: Apache-2.0
#include "agent/session_record.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "base/parse_int.h"
#include "protocol/quoted.h"
#include "protocol/words.h"
#include "sys/cgroup.h"
#include "sys/cgroup_limits.h"
#include "sys/io.h"
#include "sys/process_tree.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {
namespace {

constexpr std::string_view kMagic = "stapsh-session-2";
constexpr std::string_view kMagicOfBefore = "stapsh-session-1";
constexpr std::string_view kUnknownBootOfBefore = "unknown";
constexpr Duration kGraceUnknown = std::chrono::seconds(5);
constexpr std::int64_t kGraceMaxMs = 10'000'000'000;

/// A value that is no such number leaves `field` as it is.
template <typename Int>
void take_int(std::string_view word, Int min, Int max, Int& field) {
  if (const Result<Int> value = parse_int<Int>(word, min, max)) field = *value;
}

void take_text(std::string_view word, std::string& field) {
  if (Result<std::string> value = unquote(word)) field = *std::move(value);
}

/// Who a process is: both words, or neither.
void take_process(std::span<const std::string_view> words, pid_t& pid, std::uint64_t& start) {
  if (words.size() != 2) return;
  const Result<pid_t> number = parse_int<pid_t>(words[0], 1, INT32_MAX);
  const Result<std::uint64_t> time = parse_int<std::uint64_t>(words[1], 0, UINT64_MAX);
  if (!number || !time) return;
  pid = *number;
  start = *time;
}

// A text that may be empty, and would be no word: it stands behind a dot.
void take_dotted(std::string_view word, std::string& text) {
  if (word.starts_with('.')) take_text(word.substr(1), text);
}
std::string dotted(const std::string& text) { return "." + quote(text); }

void take_logged(std::span<const std::string_view> words, LoggedRun& logged) {
  if (words.size() != 4) return;
  LoggedRun taken;
  take_dotted(words[0], taken.who);
  take_dotted(words[1], taken.from);
  take_dotted(words[2], taken.runner);
  take_int<unsigned>(words[3], 0, UINT32_MAX, taken.line);
  if (!taken.who.empty()) logged = std::move(taken);
}

void take_line(std::string_view line, SessionRecord& record) {
  const std::vector<std::string_view> words = split_words(line);
  if (words.empty()) return;
  const std::span<const std::string_view> values = std::span(words).subspan(1);
  if (words[0] == "agent") return take_process(values, record.agent, record.agent_start);
  if (words[0] == "runner") return take_process(values, record.runner, record.runner_start);
  if (words[0] == "logged") return take_logged(values, record.logged);
  if (words[0] == "renamed") record.renamed = true;
  if (values.size() != 1) return;
  if (words[0] == "workspace") take_text(values[0], record.workspace);
  if (words[0] == "boot") take_text(values[0], record.boot);
  if (words[0] == "pids") take_int<std::uint64_t>(values[0], 0, UINT64_MAX, record.pid_namespace.inode);
  if (words[0] == "init") take_int<std::uint64_t>(values[0], 0, UINT64_MAX, record.pid_namespace.init_start);
  if (words[0] == "stop") take_int(values[0], 1, 64, record.stop_signal);
  if (words[0] == "module") take_text(values[0], record.module);
  if (words[0] == "cgroup") take_text(values[0], record.cgroup);
  if (words[0] == "grace") {
    std::int64_t milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(record.grace).count();
    take_int<std::int64_t>(values[0], 0, kGraceMaxMs, milliseconds);
    record.grace = std::chrono::milliseconds(milliseconds);
  }
}

// Who can't be asked to stop as it would like is asked as everybody can be.
SessionRecord unknown_record() { return {.stop_signal = SIGTERM, .grace = kGraceUnknown}; }

}  // namespace

SessionRecord begin_record(std::string workspace, const sys::CgroupLimits& limits) {
  SessionRecord record = unknown_record();
  const std::string name = workspace.substr(workspace.rfind('/') + 1);
  record.cgroup = (limits.any() ? sys::limited_cgroup_path(name, limits) : sys::Cgroup::path_for(name)).value_or("");
  record.workspace = std::move(workspace);
  record.boot = boot_id();
  record.pid_namespace = sys::pid_namespace().value_or(sys::PidNamespace());
  record.agent = ::getpid();
  record.agent_start = sys::process_start(record.agent).value_or(0);
  return record;
}

std::string format_record(const SessionRecord& record) {
  const auto grace = std::chrono::duration_cast<std::chrono::milliseconds>(record.grace);
  std::string text(kMagic);
  text += "\nworkspace " + quote(record.workspace);
  if (!record.boot.empty()) text += "\nboot " + quote(record.boot);
  text += "\npids " + std::to_string(record.pid_namespace.inode);
  // A line of its own: an agent of before knows none of two words, and would not know where the pids are from.
  if (record.pid_namespace.init_start != 0) text += "\ninit " + std::to_string(record.pid_namespace.init_start);
  text += "\nagent " + std::to_string(record.agent) + " " + std::to_string(record.agent_start);
  if (record.runner > 0)
    text += "\nrunner " + std::to_string(record.runner) + " " + std::to_string(record.runner_start);
  text += "\nstop " + std::to_string(record.stop_signal);
  text += "\ngrace " + std::to_string(grace.count());
  if (!record.module.empty()) text += "\nmodule " + quote(record.module);
  if (record.renamed) text += "\nrenamed";
  if (!record.cgroup.empty()) text += "\ncgroup " + quote(record.cgroup);
  if (const LoggedRun& run = record.logged; !run.who.empty()) {
    text += "\nlogged " + dotted(run.who) + " " + dotted(run.from) + " " + dotted(run.runner) + " ";
    text += std::to_string(run.line);
  }
  return text.append(kRecordEnd);
}

std::optional<SessionRecord> parse_record(std::string_view text) {
  if (!text.starts_with(kMagic) || text.substr(kMagic.size(), 1) != "\n") return std::nullopt;
  const std::size_t end = text.find(kRecordEnd);
  if (end == std::string_view::npos) return std::nullopt;
  SessionRecord record = unknown_record();
  for (std::string_view rest = text.substr(0, end + 1); !rest.empty();) {
    const std::size_t line_end = rest.find('\n');
    take_line(rest.substr(0, line_end), record);
    rest.remove_prefix(line_end + 1);
  }
  if (!record.workspace.starts_with('/')) return std::nullopt;
  return record;
}

// One line: MAGIC AGENT START RUNNER START SIGNAL GRACE_MS BOOT MODULE NAMED PIDS; the first of those agents wrote
// nothing behind MODULE.
std::optional<SessionRecord> parse_record_of_before(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  const std::vector<std::string_view> words = split_words(text.substr(0, text.size() - 1));
  if (words.size() < 8 || words[0] != kMagicOfBefore) return std::nullopt;
  SessionRecord record;
  if (words[7] != kUnknownBootOfBefore) record.boot = words[7];
  if (words.size() > 10) take_int<std::uint64_t>(words[10], 0, UINT64_MAX, record.pid_namespace.inode);
  return record;
}

std::string boot_id() {
  const Result<sys::UniqueFd> file = sys::open_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY);
  std::array<char, 64> buffer;
  const Result<sys::IoResult> got = file ? sys::read_some(file->get(), buffer) : Result<sys::IoResult>(sys::IoResult{});
  if (!got || got->bytes < 2) return {};
  return std::string(buffer.data(), got->bytes - 1);
}

Whereabouts whereabouts(const SessionRecord& record) {
  const std::string boot = boot_id();
  if (record.boot.empty() || boot.empty()) return Whereabouts::kUnknown;
  if (record.boot != boot) return Whereabouts::kBootGone;
  const std::optional<sys::PidNamespace> ours = sys::pid_namespace();
  if (record.pid_namespace.inode == 0 || !ours) return Whereabouts::kUnknown;
  if (sys::is_same(record.pid_namespace, *ours)) return Whereabouts::kHere;
  return sys::pid_namespace_is_gone(record.pid_namespace) ? Whereabouts::kNamespaceGone : Whereabouts::kElsewhere;
}

}  // namespace stapsh::agent
