// SPDX-License-Identifier: Apache-2.0
#include "agent/session_record.h"

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "base/parse_int.h"
#include "protocol/words.h"
#include "sys/io.h"
#include "sys/process_tree.h"

namespace stapsh::agent {
namespace {

constexpr const char* kFileName = ".session";
constexpr const char* kUnknownBoot = "unknown";
constexpr const char* kNoModule = "-";
constexpr const char* kOwnName = "own";
constexpr const char* kRenamed = "renamed";
constexpr std::string_view kMagic = "stapsh-session-1";

// Empty: it could not be asked.
std::string boot_id() {
  const Result<sys::UniqueFd> file = sys::open_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY);
  std::array<char, 64> buffer;
  const Result<sys::IoResult> got = file ? sys::read_some(file->get(), buffer) : Result<sys::IoResult>(sys::IoResult{});
  if (!got || got->bytes < 2) return {};
  return std::string(buffer.data(), got->bytes - 1);
}

}  // namespace

bool is_elsewhere(const SessionRecord& record) {
  const std::optional<std::uint64_t> ours = sys::pid_namespace();
  return ours && record.pid_namespace != 0 && record.pid_namespace != *ours;
}

// One line: MAGIC AGENT START RUNNER START SIGNAL GRACE_MS BOOT MODULE NAMED PIDS.
// NAMED: `own`, the module has its file's name, or `renamed`. PIDS: the namespace that the pids are of, or 0. An agent
// of before left out what was unknown at the end of the line, and wrote nothing behind MODULE; it reads this line as
// well. So new words go to the end, and have a word for nothing.
Result<> write_record(const sys::Workspace& workspace, const SessionRecord& record) {
  const auto grace = std::chrono::duration_cast<std::chrono::milliseconds>(record.grace);
  const std::string boot = boot_id();
  const std::string line = std::string(kMagic) + " " + std::to_string(record.agent) + " " +
                           std::to_string(record.agent_start) + " " + std::to_string(record.runner) + " " +
                           std::to_string(record.runner_start) + " " + std::to_string(record.stop_signal) + " " +
                           std::to_string(grace.count()) + " " + (boot.empty() ? kUnknownBoot : boot) + " " +
                           (record.module.empty() ? kNoModule : record.module) + " " +
                           (record.renamed ? kRenamed : kOwnName) + " " + std::to_string(record.pid_namespace) + "\n";
  sys::UniqueFd file = TRY(sys::open_at(workspace.fd(), kFileName, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  TRY(sys::write_all(file.get(), line, std::chrono::seconds(5)));
  return sys::close_checked(std::move(file), kFileName);
}

Result<std::optional<SessionRecord>> read_record(int workspace) {
  const std::optional<SessionRecord> none;
  const Result<sys::UniqueFd> file = sys::open_at(workspace, kFileName, O_RDONLY | O_NOFOLLOW);
  if (!file && file.error().sys_errno == ENOENT) return none;
  if (!file) return fail(file.error());
  std::array<char, 1'024> buffer;
  const sys::IoResult got = TRY(sys::read_some(file->get(), buffer));
  const std::string_view text(buffer.data(), got.bytes);
  if (!text.ends_with('\n')) return none;
  const std::vector<std::string_view> words = split_words(text.substr(0, text.size() - 1));
  if (words.size() < 8 || words[0] != kMagic) return none;
  const auto agent = parse_int<pid_t>(words[1], 1, INT32_MAX);
  const auto agent_start = parse_int<std::uint64_t>(words[2], 0, UINT64_MAX);
  const auto runner = parse_int<pid_t>(words[3], 1, INT32_MAX);
  const auto runner_start = parse_int<std::uint64_t>(words[4], 0, UINT64_MAX);
  const auto signo = parse_int(words[5], 1, 64);
  const auto grace = parse_int<std::int64_t>(words[6], 0, 10'000'000'000);
  if (!agent || !agent_start || !runner || !runner_start || !signo || !grace) return none;
  // Of another life of this machine nothing but files can be left.
  const std::string boot = boot_id();
  if (words[7] != kUnknownBoot && !boot.empty() && words[7] != boot)
    return std::optional<SessionRecord>(SessionRecord{});
  const auto pid_namespace = parse_int<std::uint64_t>(words.size() > 10 ? words[10] : "0", 0, UINT64_MAX);
  const std::string_view module = words.size() > 8 ? words[8] : kNoModule;
  return std::optional<SessionRecord>(SessionRecord{.agent = *agent,
                                                    .agent_start = *agent_start,
                                                    .runner = *runner,
                                                    .runner_start = *runner_start,
                                                    .stop_signal = *signo,
                                                    .grace = std::chrono::milliseconds(*grace),
                                                    .module = module == kNoModule ? std::string() : std::string(module),
                                                    .renamed = words.size() > 9 && words[9] == kRenamed,
                                                    .pid_namespace = pid_namespace.value_or(0)});
}

}  // namespace stapsh::agent
