// SPDX-License-Identifier: Apache-2.0
// A file that is written once, at the end: it is opened when a run begins, so that nobody finds out after an hour that
// it can't be. Until then it stays as it was.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "client/output/used_files.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class WholeFile {
 public:
  /// kUsage names `option` and the path. A new file is empty until the end, and goes with us if it is not written; a
  /// pipe or a device is written as it is.
  static Result<WholeFile> open(const std::string& option, const std::string& path, UsedFiles& used);

  WholeFile(WholeFile&&) = default;
  WholeFile& operator=(WholeFile&&) = delete;
  ~WholeFile();

  /// Replaces what is in it. Of what could not be written whole nothing stays. The error names the option and the path.
  Result<> write(std::string_view bytes);

 private:
  WholeFile(std::string name, std::string made, sys::UniqueFd file)
      : name_(std::move(name)), made_(std::move(made)), file_(std::move(file)) {}

  std::string name_;  // "--report: run.html"
  std::string made_;  // The path of a file that was not there, until it is written.
  sys::UniqueFd file_;
};

}  // namespace stapsh::client
