// SPDX-License-Identifier: Apache-2.0
#include "agent/session_module.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/left_lines.h"
#include "agent/runner_finder.h"
#include "sys/clock.h"
#include "sys/io.h"

namespace stapsh::agent {
namespace {

// A thousand kprobes take a minute; beyond this nobody knows what the kernel waits for.
constexpr Duration kUnloadLimit = std::chrono::minutes(10);
// staprun's options that take a value, in the same word or the next, and the one that may have it in the same word.
// Source: getopt's string in staprun 4.8.
constexpr std::string_view kOptionsWithValue = "btcoxNSDrVTCMF";
constexpr char kOptionWithOwnValue = 'u';

struct LoadedModule {
  std::string name;
  std::string line;  // All that /proc/modules says of it.
};

Result<std::vector<LoadedModule>> read_modules() {
  std::vector<LoadedModule> modules;
  const Result<sys::UniqueFd> file = sys::open_at(AT_FDCWD, "/proc/modules", O_RDONLY);
  if (!file) {
    if (file.error().sys_errno != ENOENT) return fail(file.error());
    if (::access("/proc/self", F_OK) == 0) return modules;  // A kernel without modules.
    return fail(Errc::kSystem, "no /proc", ENOENT);
  }
  std::string text;
  std::array<char, 16'384> buffer;
  while (true) {
    const Result<sys::IoResult> got = sys::read_some(file->get(), buffer);
    if (!got) return add_context("/proc/modules", got.error());
    if (got->bytes == 0) break;
    text.append(buffer.data(), got->bytes);
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    modules.push_back({std::string(rest.substr(0, std::min(rest.find(' '), end))), std::string(rest.substr(0, end))});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return modules;
}

// A want of memory or of descriptors may pass.
Result<std::vector<LoadedModule>> loaded_modules() {
  Result<std::vector<LoadedModule>> modules = read_modules();
  return modules ? modules : read_modules();
}

}  // namespace

bool renames_module(std::span<const std::string> staprun_words) {
  for (std::size_t i = 0; i < staprun_words.size(); ++i) {
    const std::string& word = staprun_words[i];
    if (word == "--") return false;
    if (word.size() < 2 || word[0] != '-' || word[1] == '-') continue;  // Options may follow the module's name.
    for (std::size_t at = 1; at < word.size(); ++at) {
      if (word[at] == 'R') return true;
      if (word[at] == kOptionWithOwnValue) break;
      if (kOptionsWithValue.find(word[at]) == std::string_view::npos) continue;
      if (at + 1 == word.size()) ++i;
      break;
    }
  }
  return false;
}

bool is_module_of(const SessionRecord& record, std::string_view name) {
  if (record.module.empty()) return false;
  if (!record.renamed && name == record.module) return true;
  const std::string suffix = "_" + std::to_string(record.runner);
  return name.size() > suffix.size() && name.ends_with(suffix) &&
         record.module.starts_with(name.substr(0, name.size() - suffix.size()));
}

Result<std::vector<std::string>> session_modules(const SessionRecord& record) {
  std::vector<std::string> mine;
  if (record.module.empty()) return mine;
  std::vector<LoadedModule> loaded = TRY(loaded_modules());
  for (LoadedModule& module : loaded) {
    if (is_module_of(record, module.name)) mine.push_back(std::move(module.name));
  }
  return mine;
}

std::string module_states(const SessionRecord& record) {
  std::string states;
  if (record.module.empty()) return states;
  for (const LoadedModule& module : loaded_modules().value_or(std::vector<LoadedModule>())) {
    if (is_module_of(record, module.name)) states += module.line + "\n";
  }
  return states;
}

void look_for_modules(const SessionRecord& record, std::vector<LeftLine>& left) {
  Result<std::vector<std::string>> modules = session_modules(record);
  if (!modules) return add_unknown(left, modules.error().what);
  for (std::string& module : *modules) left.push_back({"module", std::move(module)});
}

Result<bool> module_is_loaded(std::string_view name) {
  const std::vector<LoadedModule> modules = TRY(loaded_modules());
  return std::ranges::any_of(modules, [&](const LoadedModule& module) { return module.name == name; });
}

bool ModuleUnload::start(const SessionRecord& record) {
  modules_ = session_modules(record).value_or(std::vector<std::string>());
  return advance();
}

bool ModuleUnload::advance() {
  if (modules_.empty()) return false;
  const Result<std::string> staprun = find_runner(RunnerKind::kStaprun);
  while (staprun && !modules_.empty()) {
    sys::SpawnOptions spawn;
    spawn.program = *staprun;
    spawn.argv = {*staprun, "-d", modules_.back()};
    spawn.stdin_fd = spawn.stdout_fd = spawn.stderr_fd = sys::kDevNull;
    modules_.pop_back();
    Result<sys::Child> child = sys::spawn(spawn);
    if (!child) continue;
    child_ = *std::move(child);
    return true;
  }
  return false;
}

void unload_modules(const SessionRecord& record) {
  ModuleUnload unload;
  const TimePoint deadline = sys::deadline_after(kUnloadLimit);
  for (bool more = unload.start(record); more; more = unload.advance()) {
    const Result<bool> ended = sys::wait_for(unload.fd(), POLLIN, deadline);
    if (!ended || !*ended) break;
  }
}

}  // namespace stapsh::agent
