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

  /// Replaces what is in it, at one moment: who reads the file finds what was there before or all of the new, and of
  /// what could not be written whole nothing. The error names the option and the path. A link, and a file of somebody
  /// else or with other names, stays what it is and is written in its place; so is a file in a folder that is not ours.
  Result<> write(std::string_view bytes);

 private:
  WholeFile(std::string name, std::string path, bool is_new, sys::UniqueFd file)
      : name_(std::move(name)), path_(std::move(path)), made_(is_new ? path_ : ""), file_(std::move(file)) {}

  [[nodiscard]] sys::UniqueFd open_beside(std::string& beside) const;
  Result<> fail_to_write(const Error& error, std::string_view more = {}) const;
  Result<> write_in_place(std::string_view bytes);

  std::string name_;  // "--report: run.html"
  std::string path_;
  std::string made_;  // The path of a file that was not there, until it is written.
  sys::UniqueFd file_;
};

}  // namespace stapsh::client
