// SPDX-License-Identifier: Apache-2.0
// The words of `stap -p4` for one kernel. Pure but for read_kernel_directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/options/job_options.h"

namespace stapsh::client {

/// What a module is built for, as `uname -r` and `uname -m` say it.
struct KernelId {
  std::string release, machine;
  auto operator<=>(const KernelId&) const = default;
};

/// One -r: a kernel build folder (or a release, as stap takes it) and the releases that it says it is for.
struct KernelDirectory {
  std::string path;
  std::vector<std::string> releases;  ///< Empty: unknown; it serves the local kernel.
};

/// As in stap, what has a '/' is a folder; it may be relative here.
/// Reads include/config/kernel.release and include/generated/utsrelease.h. Both count: on Debian the first says
/// 6.1.192 where `uname -r` and the second say 6.1.0-56-amd64. A value without '/' is a release by itself.
KernelDirectory read_kernel_directory(std::string_view value);

/// The folder for `kernel`: the last -r that names its release, else (for the local kernel) the last that names
/// none; nullptr if there is none.
const KernelDirectory* find_kernel_directory(const std::vector<KernelDirectory>& directories, const KernelId& kernel,
                                             const KernelId& local);

/// Whether stap may leave a copy of the module in its working directory after it has printed its name: of one that is
/// not for its cache, which its own configuration, or a script in its place, can say as well as the words.
bool may_leave_copy(const JobOptions& options);

/// Whether a compile server builds, or may. Its client copies the module into the working directory before it prints
/// its name, over whatever has that name there: so that must be a folder of ours.
bool uses_server(const JobOptions& options);

/// As seen from our working directory; as it is if that is gone.
std::string absolute_path(const std::string& path);

/// Whether stap is told to keep its temporary files (-k).
bool keeps_files(const JobOptions& options);

/// The argv of the build, or of what lists probes in its place, `stap_program` first. -r and -a are left out where
/// stap's own default is meant; all other words are the person's, with absolute paths where uses_server(). `directory`
/// is for what stap writes. Where it may_leave_copy(), standard output is the module's name and nothing else. With
/// ScriptKind::kStdin the script must be written to its standard input.
std::vector<std::string> build_arguments(const JobOptions& options, const KernelId& kernel, const KernelId& local,
                                         const std::vector<KernelDirectory>& kernel_directories,
                                         const std::string& directory, std::string_view stap_program = "stap");

/// The module's file in what `stap -p4` printed on standard output: the last line with a module's extension.
/// Relative to the build's directory if the cache is bypassed; in the cache otherwise.
Result<std::string> module_from_build_output(std::string_view output);

}  // namespace stapsh::client
