// SPDX-License-Identifier: Apache-2.0
#include "client/build/program_headers.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "client/build/inclusions.h"
#include "client/build/name_on_target.h"
#include "client/build/script_source.h"
#include "protocol/command.h"

namespace stapsh::client {
namespace {

bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// The same for all spellings of its path.
using FileId = std::pair<dev_t, ino_t>;
FileId file_id(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? FileId{status.st_dev, status.st_ino} : FileId{};
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }
std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string name_of_included(const std::string& path) {
  std::string name = base_name(path);
  return check_file_name(name) ? name : name_on_target(name, ".h");
}

class Headers {
 public:
  Headers(Module& program, const JobOptions& job) : program_(program), job_(job) {}

  Result<> add_all() {
    const std::string_view text = *program_.files.front().content;
    for (const std::string& folder : job_.tapset_directories) {
      struct stat status {};
      if (::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
      return fail(Errc::kUsage,
                  fmt::format("-I {}: no folder here, and headers are sent from here; one of the targets' "
                              "is named by --runner-arg=-I --runner-arg=DIR",
                              folder));
    }
    for (const std::string& path : job_.include_files) {
      TRY(add(path, name_of_included(path), fmt::format("--include {}", path)));
    }
    return add_included(text, job_.script_name(), std::nullopt);
  }

 private:
  Result<> add(const std::string& path, const std::string& name, const std::string& title) {
    const FileId id = file_id(path);
    for (const auto& [sent_id, sent_name] : sent_) {
      if (sent_name == name && sent_id == id) return {};
      if (sent_name == name) return refuse_name(title, name);
    }
    if (name == program_.name()) return refuse_name(title, name);
    sent_.emplace(id, name);
    auto content = std::make_shared<const std::string>(TRY(read_source(path, title)));
    program_.files.push_back({name, content, TRY(signature_beside(path, title))});
    return add_included(*content, path, folder_of(path));
  }

  static Result<> refuse_name(const std::string& title, const std::string& name) {
    return fail(Errc::kUsage,
                fmt::format("{}: another file is sent as {}, into the same folder; rename one of them", title, name));
  }

  // `beside`: the folder, with its '/', in which a name in quotes is looked for first.
  Result<> add_included(std::string_view text, const std::string& who, const std::optional<std::string>& beside) {
    for (const Inclusion& inclusion : inclusions(text)) {
      const std::string& quoted = inclusion.quoted;
      const std::string name = quoted.substr(1, quoted.size() - 2);
      const std::optional<std::string> path = find(name, quoted.front() == '"' ? beside : std::nullopt);
      if (!path) continue;
      if (!check_file_name(name)) {
        if (!inclusion.certain) continue;
        return fail(Errc::kUsage, fmt::format("{} includes {}, which is {} here: headers are sent into one folder, so "
                                              "that its name must be a plain one; give its folder to -I, and include "
                                              "\"{}\"",
                                              who, quoted, *path, base_name(name)));
      }
      TRY(add(*path, name, *path));
    }
    return {};
  }

  [[nodiscard]] std::optional<std::string> find(const std::string& name,
                                                const std::optional<std::string>& beside) const {
    if (name.starts_with('/')) return std::nullopt;  // As it is named, there.
    if (beside && is_file(*beside + name)) return *beside + name;
    for (const std::string& folder : job_.tapset_directories) {
      std::string path = fmt::format("{}/{}", folder, name);
      if (is_file(path)) return path;
    }
    return std::nullopt;
  }

  Module& program_;
  const JobOptions& job_;
  std::set<std::pair<FileId, std::string>> sent_;  // Files here, names there.
};

}  // namespace

Result<> add_headers(Module& program, const JobOptions& job) {
  if (job.tapset_directories.empty() && job.include_files.empty()) return {};
  return Headers(program, job).add_all();
}

std::vector<std::string> header_words(const JobOptions& job, std::string_view folder) {
  std::vector<std::string> words;
  if (!job.tapset_directories.empty()) words.insert(words.end(), {"-I", std::string(folder)});
  for (const std::string& path : job.include_files) {
    words.insert(words.end(), {"--include", fmt::format("{}/{}", folder, name_of_included(path))});
  }
  return words;
}

}  // namespace stapsh::client
