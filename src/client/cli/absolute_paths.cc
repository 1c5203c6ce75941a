// SPDX-License-Identifier: Apache-2.0
#include "client/cli/absolute_paths.h"

#include <unistd.h>

#include <utility>

namespace stapsh::client {
namespace {

void make_absolute(std::string& path, std::string_view working_directory) {
  if (path.empty() || path.front() == '/') return;
  path.insert(0, std::string(working_directory) + "/");
}

}  // namespace

void make_absolute_if_path(std::string& value, std::string_view working_directory) {
  if (value.find('/') != std::string::npos) make_absolute(value, working_directory);
}

void make_paths_absolute(JobOptions& options, std::string_view working_directory) {
  if (options.script_kind == ScriptKind::kFile || options.script_kind == ScriptKind::kReadyModule) {
    make_absolute(options.script, working_directory);
  }
  if (options.output_file) make_absolute(*options.output_file, working_directory);  // Of direct: alone, see the parser.
  if (options.runtime_directory) make_absolute(*options.runtime_directory, working_directory);
  for (PassedOption& each : options.passed) {
    if (each.id == OptionId::kSysroot) make_absolute(each.value, working_directory);
  }
  for (std::string& path : options.tapset_directories) make_absolute(path, working_directory);
  // Without a '/', -r names a release and -d a kernel module.
  for (std::string& value : options.kernel_directories) make_absolute_if_path(value, working_directory);
  for (std::string& value : options.symbol_objects) make_absolute_if_path(value, working_directory);
  // `process(@1)` and `rstap s.stp ./program`: a path that leads somewhere here. What else an argument means is its
  // own.
  for (std::string& word : options.script_arguments) {
    std::string path = word;
    make_absolute_if_path(path, working_directory);
    if (path != word && ::access(path.c_str(), F_OK) == 0) word = std::move(path);
  }
}

}  // namespace stapsh::client
