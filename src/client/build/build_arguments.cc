// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_arguments.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "client/options/option_table.h"
#include "protocol/runner_kind.h"

namespace stapsh::client {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The X of `#define UTS_RELEASE "X"`.
std::string release_from_header(std::string_view header) {
  const std::size_t name = header.find("UTS_RELEASE");
  const std::size_t open = header.find('"', name);
  if (name == std::string_view::npos || open == std::string_view::npos) return {};
  const std::size_t close = header.find('"', open + 1);
  if (close == std::string_view::npos) return {};
  return std::string(header.substr(open + 1, close - open - 1));
}

void add_option(std::vector<std::string>& words, const OptionEntry& entry, const std::string& value) {
  if (entry.id == OptionId::kColor) {
    words.push_back("--color=" + value);
    return;
  }
  if (entry.short_name == '\0') {
    words.push_back(entry.spelling() + (value.empty() ? "" : "=" + value));
    return;
  }
  words.push_back(entry.spelling());
  if (entry.takes_value()) words.push_back(value);
}

void add_script(std::vector<std::string>& words, const JobOptions& options) {
  if (options.script_kind == ScriptKind::kText) {
    words.insert(words.end(), {"-e", options.script});
  }
  // stap takes options behind the script's name, too, unless "--" stands before.
  words.push_back("--");
  if (options.script_kind == ScriptKind::kFile) words.push_back(options.script);
  if (options.script_kind == ScriptKind::kStdin) words.push_back("-");
  words.insert(words.end(), options.script_arguments.begin(), options.script_arguments.end());
}

bool is_absolute(std::string_view value) { return value.substr(0, 1) == "/"; }

}  // namespace

KernelDirectory read_kernel_directory(std::string_view value) {
  KernelDirectory directory{std::string(value), {}};
  if (!is_absolute(value)) {  // As in stap: only what begins with '/' is a folder.
    directory.releases.push_back(directory.path);
    return directory;
  }
  std::string release = read_text(directory.path + "/include/config/kernel.release");
  release.erase(std::min(release.find('\n'), release.size()));
  std::string uts_release = release_from_header(read_text(directory.path + "/include/generated/utsrelease.h"));
  if (!uts_release.empty() && uts_release != release) directory.releases.push_back(std::move(uts_release));
  if (!release.empty()) directory.releases.push_back(std::move(release));
  return directory;
}

const KernelDirectory* find_kernel_directory(const std::vector<KernelDirectory>& directories, const KernelId& kernel,
                                             const KernelId& local) {
  const KernelDirectory* unknown = nullptr;
  for (auto it = directories.rbegin(); it != directories.rend(); ++it) {
    if (std::count(it->releases.begin(), it->releases.end(), kernel.release) > 0) return &*it;
    if (it->releases.empty() && unknown == nullptr) unknown = &*it;
  }
  return kernel == local ? unknown : nullptr;
}

std::vector<std::string> build_arguments(const JobOptions& options, const KernelId& kernel, const KernelId& local,
                                         const std::vector<KernelDirectory>& directories,
                                         std::string_view stap_program) {
  std::vector<std::string> words{std::string(stap_program), "-p4"};
  if (const KernelDirectory* directory = find_kernel_directory(directories, kernel, local)) {
    words.insert(words.end(), {"-r", directory->path});
  } else if (kernel.release != local.release) {
    words.insert(words.end(), {"-r", kernel.release});
  }
  if (kernel.machine != local.machine) words.insert(words.end(), {"-a", kernel.machine});
  for (const OptionEntry& entry : option_table()) {
    if (entry.build == BuildUse::kNone || entry.id == OptionId::kKernelDirectory) continue;
    // --dyninst is unknown to a stap built without it, whose message for --runtime=dyninst says so.
    if (entry.id == OptionId::kBpf || entry.id == OptionId::kDyninst) {
      if (!option_values(options, entry.id).empty()) words.push_back("--runtime=" + std::string(entry.long_name));
      continue;
    }
    for (const std::string& value : option_values(options, entry.id)) add_option(words, entry, value);
  }
  words.insert(words.end(), options.build_words.begin(), options.build_words.end());
  add_script(words, options);
  return words;
}

Result<std::string> module_from_build_output(std::string_view output) {
  while (!output.empty()) {
    if (output.back() == '\n') output.remove_suffix(1);
    const std::size_t newline = output.rfind('\n');
    const std::string_view line = newline == std::string_view::npos ? output : output.substr(newline + 1);
    if (line.size() > 3 && runner_kind_for_module(line)) return std::string(line);
    output.remove_suffix(line.size());
  }
  return fail(Errc::kSystem, "the build printed no module's name; run the same command with -v");
}

}  // namespace stapsh::client
