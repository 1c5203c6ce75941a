// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_arguments.h"

#include <algorithm>
#include <array>
#include <filesystem>
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
  if (options.lists()) return;
  if (options.script_kind == ScriptKind::kText) {
    words.insert(words.end(), {"-e", options.script});
  }
  // stap takes options behind the script's name, too, unless "--" stands before.
  words.push_back("--");
  if (options.script_kind == ScriptKind::kFile) {
    words.push_back(uses_server(options) ? absolute_path(options.script) : options.script);
  }
  if (options.script_kind == ScriptKind::kStdin) words.push_back("-");
  words.insert(words.end(), options.script_arguments.begin(), options.script_arguments.end());
}

// A word of options for stap: -k or -m, say, alone or behind others that take no value.
bool has_letter(std::string_view word, char letter) {
  if (word.size() < 2 || word[0] != '-' || word[1] == '-') return false;
  const std::size_t other = word.find_first_not_of("bFghkPqtuvVwWi", 1);
  const std::size_t found = word.find(letter, 1);
  return found != std::string_view::npos && found <= other;
}

// -vv makes stap talk on standard output before it begins, and make while it compiles for the kernel. The levels of the
// passes, one by one, change nothing of what comes on standard error before that. Empty: none is asked for.
std::string pass_levels(const JobOptions& options) {
  std::array<unsigned, 5> levels{};
  levels.fill(options.verbosity);
  for (const std::string& digits : option_values(options, OptionId::kVerbosePasses)) {
    for (std::size_t i = 0; i < std::min(digits.size(), levels.size()); ++i) {
      levels.at(i) += static_cast<unsigned>(digits[i] - '0');
    }
  }
  if (options.runtime != Runtime::kBpf) levels[3] = std::min(levels[3], 1U);
  std::string text;
  for (const unsigned level : levels) text += static_cast<char>('0' + std::min(level, 9U));
  return text == "00000" ? std::string() : text;
}

}  // namespace

bool may_leave_copy(const JobOptions& options) { return !options.lists() && !uses_server(options); }

std::string absolute_path(const std::string& path) {
  std::error_code gone;
  const std::filesystem::path absolute = std::filesystem::absolute(path, gone);
  return gone ? path : absolute.string();
}

bool uses_server(const JobOptions& options) {
  const std::vector<std::string> on_error = option_values(options, OptionId::kServerOnError);
  return !option_values(options, OptionId::kUseServer).empty() || (!on_error.empty() && on_error.back() != "no") ||
         std::ranges::any_of(options.build_words,
                             [](const std::string& word) { return word.starts_with("--use-server"); });
}

bool keeps_files(const JobOptions& options) {
  return !option_values(options, OptionId::kKeepFiles).empty() ||
         std::ranges::any_of(options.build_words, [](const std::string& word) { return has_letter(word, 'k'); });
}

KernelDirectory read_kernel_directory(std::string_view value) {
  KernelDirectory directory{std::string(value), {}};
  if (value.find('/') == std::string_view::npos) {
    directory.releases.push_back(directory.path);
    return directory;
  }
  directory.path = absolute_path(directory.path);  // stap takes a relative one for a release.
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
                                         const std::vector<KernelDirectory>& kernel_directories,
                                         const std::string& directory, std::string_view stap_program) {
  std::vector<std::string> words{std::string(stap_program)};
  if (options.lists()) {
    words.insert(words.end(), {options.script_name(), options.script});
  } else {
    words.emplace_back("-p4");
  }
  if (const KernelDirectory* kernel_directory = find_kernel_directory(kernel_directories, kernel, local)) {
    words.insert(words.end(), {"-r", kernel_directory->path});
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
    const bool is_verbosity = entry.id == OptionId::kVerbose || entry.id == OptionId::kVerbosePasses;
    if (is_verbosity && may_leave_copy(options)) {
      const std::string levels = pass_levels(options);
      if (entry.id == OptionId::kVerbose && !levels.empty()) words.insert(words.end(), {"--vp", levels});
      continue;
    }
    // The client of a server reads these two; all else that names a file is the server's to read.
    const bool is_read = entry.id == OptionId::kTapsetDirectory || entry.id == OptionId::kRuntimeDirectory;
    for (const std::string& value : option_values(options, entry.id)) {
      add_option(words, entry, is_read && uses_server(options) ? absolute_path(value) : value);
    }
  }
  words.insert(words.end(), options.build_words.begin(), options.build_words.end());
  words.push_back("--tmpdir=" + directory);
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
