// SPDX-License-Identifier: Apache-2.0
// What a build host is sent: the person's files that stap is to read, so that a script is built there as it is here.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "client/options/job_options.h"

namespace stapsh::client {

class BuildHostFiles {
 public:
  /// Takes the script, or `script`, if it comes on standard input, the tapsets of -I and the runtime of -R, where such
  /// folders are here; `job` names them then as they are called there, in the folder for which `name` stands. kUsage
  /// names what can't be read.
  static Result<BuildHostFiles> collect(JobOptions& job, std::string_view script, const std::string& name);

  /// All of it, with `build` to be run, as stage_command() takes it.
  [[nodiscard]] std::string stream(std::string_view build) const;
  /// What stap says in `folder`, with the names that the person knows.
  [[nodiscard]] std::string with_names_here(std::string text, const std::string& folder) const;

 private:
  explicit BuildHostFiles(std::string folder) : folder_name_(std::move(folder)) {}
  Result<std::string> place_for(const std::string& here, const std::string& name);
  Result<> add_file(const std::string& here, const std::string& path);
  Result<> add_script(std::string& script, const std::string& title);
  Result<> add_folder(std::string& value, bool scripts_only);

  std::string folder_name_, stream_;
  std::vector<std::pair<std::string, std::string>> names_;  // In that folder, and here.
};

}  // namespace stapsh::client
