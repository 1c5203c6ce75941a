// SPDX-License-Identifier: Apache-2.0
#include "client/build/build_host_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <system_error>

#include "client/build/replace_all.h"
#include "client/build/script_source.h"

namespace stapsh::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesBytesMax = std::size_t{64} << 20;

// A line names a file, and ends with it.
Result<> check_name(const std::string& name) {
  if (name.find('\n') == std::string::npos) return {};
  return fail(Errc::kUsage, "a file whose name has a line break can't be sent to --build-on");
}

std::string folder_line(const std::string& path) { return fmt::format("d 0 {}|\n", path); }

void add_bytes(std::string& stream, const std::string& path, std::string_view bytes) {
  stream += fmt::format("f {} {}|\n", bytes.size(), path);
  stream += bytes;
}

bool is_tapset(const fs::path& path) { return path.extension() == ".stp" || path.extension() == ".stpm"; }

}  // namespace

Result<BuildHostFiles> BuildHostFiles::collect(JobOptions& job, std::string_view script, const std::string& name) {
  BuildHostFiles files(name);
  for (const char* each : {"work", "tmp", "state", "files"}) files.stream_ += folder_line(each);
  if (job.script_kind == ScriptKind::kStdin) add_bytes(files.stream_, "script", script);
  if (job.script_kind == ScriptKind::kFile) TRY(files.add_script(job.script, "script " + job.script_name()));
  for (std::string& directory : job.tapset_directories) TRY(files.add_folder(directory, true));
  if (job.runtime_directory) TRY(files.add_folder(*job.runtime_directory, false));
  if (files.stream_.size() > kFilesBytesMax) {
    return fail(Errc::kLimit, "the script and the folders of -I and -R are over 64 MiB, which is too much to send");
  }
  return files;
}

// Each in a folder of its own: two of them may have the same name.
Result<std::string> BuildHostFiles::place_for(const std::string& here, const std::string& name) {
  TRY(check_name(name));
  const std::string number = "files/" + std::to_string(names_.size());
  stream_ += folder_line(number);
  const std::string path = name.empty() ? number : number + "/" + name;
  names_.emplace_back("/" + path, here);
  return path;
}

Result<> BuildHostFiles::add_file(const std::string& here, const std::string& path) {
  add_bytes(stream_, path, TRY(read_source(here, here)));
  return {};
}

Result<> BuildHostFiles::add_script(std::string& script, const std::string& title) {
  const std::string text = TRY(read_source(script, title));
  add_bytes(stream_, TRY(place_for(script, script.substr(script.rfind('/') + 1))), text);
  script = folder_name_ + names_.back().first;
  return {};
}

Result<> BuildHostFiles::add_folder(std::string& value, bool scripts_only) {
  std::error_code error;
  if (!fs::is_directory(value, error)) return {};  // stap says there what it says of such a one here.
  const std::string root = TRY(place_for(value, ""));
  fs::recursive_directory_iterator each(value, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && each != end; each.increment(error)) {
    const std::string name = each->path().lexically_relative(value).string();
    std::error_code unknown;
    if (each->is_directory(unknown)) {
      TRY(check_name(name));
      if (!each->is_symlink(unknown)) stream_ += folder_line(root + "/" + name);
    } else if (each->is_regular_file(unknown) && (!scripts_only || is_tapset(each->path()))) {
      TRY(check_name(name));
      TRY(add_file(each->path().string(), root + "/" + name));
    }
    if (stream_.size() > kFilesBytesMax) break;
  }
  if (error) return fail(Errc::kUsage, value + ": " + error.message());
  value = folder_name_ + names_.back().first;
  return {};
}

std::string BuildHostFiles::stream(std::string_view build) const {
  std::string all = stream_;
  add_bytes(all, "build", build);
  return all + "run 0 |\n";
}

std::string BuildHostFiles::with_names_here(std::string text, const std::string& folder) const {
  for (auto name = names_.rbegin(); name != names_.rend(); ++name) {
    text = replace_all(text, folder + name->first, name->second);
  }
  return text;
}

}  // namespace stapsh::client
