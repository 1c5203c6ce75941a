// SPDX-License-Identifier: Apache-2.0
// Finding programs, and saying before exec what exec would refuse: once a reply says OK it is too late for an error.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace stapsh::sys {

/// Refuses what is missing, not a regular file, not executable for us, neither ELF nor `#!`, or has a `#!` whose
/// interpreter is missing or not executable. A program that we may execute but not read passes. The error names `path`.
Result<> check_executable(const std::string& path);

/// A regular file at `path` that is there, and that we may not execute.
bool is_denied_program(const std::string& path);

/// Refuses what is too long for the kernel: one argument, or all of them with the environment (NAME=VALUE). Source:
/// execve(2), "Limits on size of arguments and environment".
Result<> check_arguments(const std::vector<std::string>& argv, const std::vector<std::string>& env);

/// The first DIR/NAME that is a regular file and executable for us. `name` must be a plain name.
std::optional<std::string> find_executable(std::span<const std::string> dirs, const std::string& name);

/// The same in our PATH (in the system's default path if there is none). Empty entries are not the working directory.
std::optional<std::string> find_in_path(const std::string& name);

/// The folder that the program of this process is in, without a '/' at its end. Empty: /proc can't be read.
std::string own_folder();

}  // namespace stapsh::sys
