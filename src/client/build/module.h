// SPDX-License-Identifier: Apache-2.0
// What is sent to targets: a module and what travels beside it, in memory once, whatever the number of targets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"
#include "client/options/job_options.h"
#include "protocol/runner_kind.h"

namespace stapsh::client {

struct ModuleFile {
  std::string name;  ///< On the target, without a folder.
  std::shared_ptr<const std::string> content;

  std::string signature{};  ///< What lay beside it as NAME.sig, ssh-keygen's; empty: none did.

  /// SHA-256 of the content, in hexadecimal digits. Found once, for all targets.
  [[nodiscard]] const std::string& digest() const {
    if (digest_.empty()) digest_ = sha256_hex(*content);
    return digest_;
  }

  mutable std::string digest_{};  // Of digest().
};

/// Of -l: what stap printed for a kernel, and its exit code.
struct Listing {
  std::string text;
  int exit_code = 0;
};

struct Module {
  RunnerKind kind = RunnerKind::kStaprun;
  std::vector<ModuleFile> files;  ///< The module first.
  std::string title;              ///< As messages name it: what the person wrote, or the file's name.
  /// Of a kernel module: the release it was built for; empty if it does not say.
  std::string release;
  /// Likewise, the release of systemtap that built it.
  std::string built_by;
  bool prints_when_asked = false;  ///< A probe for that stands behind what the person wrote: asked_prints.h.
  std::optional<Listing> listing;  ///< There are no files then: nothing is to be sent.

  [[nodiscard]] const std::string& name() const { return files.front().name; }
};

/// What lies beside the file at `path`, as PATH.sig (rstap sign); empty: there is none. kUsage: it can't be read.
Result<std::string> signature_beside(const std::string& path, const std::string& title);

/// Reads a module from `path`, and PATH.sgn and PATH.sig if they are there. kUsage names the file, as `title`, and why
/// it can't be used.
Result<Module> load_module(const std::string& path, const std::string& title);

/// What `job` has ready: a module in a file, or a bpftrace program wherever its text stands. Not for job.needs_build().
Result<Module> ready_module(const JobOptions& job);

}  // namespace stapsh::client
