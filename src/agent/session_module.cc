// SPDX-License-Identifier: Apache-2.0
#include "agent/session_module.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "agent/runner_finder.h"
#include "sys/child.h"
#include "sys/io.h"

namespace stapsh::agent {
namespace {

constexpr Duration kUnloadLimit = std::chrono::seconds(10);
// staprun's options that take a value, in the same word or the next, and the one that may have it in the same word.
// Source: getopt's string in staprun 4.8.
constexpr std::string_view kOptionsWithValue = "btcoxNSDrVTCMF";
constexpr char kOptionWithOwnValue = 'u';

// The first words of /proc/modules' lines.
std::vector<std::string> loaded_modules() {
  std::vector<std::string> names;
  const Result<sys::UniqueFd> file = sys::open_at(AT_FDCWD, "/proc/modules", O_RDONLY);
  if (!file) return names;  // A kernel without modules.
  std::string text;
  std::array<char, 16'384> buffer;
  while (true) {
    const Result<sys::IoResult> got = sys::read_some(file->get(), buffer);
    if (!got || got->bytes == 0) break;
    text.append(buffer.data(), got->bytes);
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    names.emplace_back(rest.substr(0, std::min(rest.find(' '), end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
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

std::vector<std::string> session_modules(const SessionRecord& record) {
  std::vector<std::string> mine;
  if (record.module.empty()) return mine;
  for (std::string& name : loaded_modules()) {
    if (is_module_of(record, name)) mine.push_back(std::move(name));
  }
  return mine;
}

bool module_is_loaded(std::string_view name) {
  const std::vector<std::string> names = loaded_modules();
  return std::find(names.begin(), names.end(), name) != names.end();
}

void unload_modules(const SessionRecord& record) {
  const std::vector<std::string> modules = session_modules(record);
  if (modules.empty()) return;
  const Result<std::string> staprun = find_runner(RunnerKind::kStaprun);
  if (!staprun) return;
  for (const std::string& module : modules) {
    sys::SpawnOptions spawn;
    spawn.program = *staprun;
    spawn.argv = {*staprun, "-d", module};
    spawn.stdin_fd = spawn.stdout_fd = spawn.stderr_fd = sys::kDevNull;
    Result<sys::Child> child = sys::spawn(spawn);
    if (child) (void)child->wait(kUnloadLimit);  // Whether it helped is looked at, not believed.
  }
}

}  // namespace stapsh::agent
