// SPDX-License-Identifier: Apache-2.0
// A test's own folder: its files, and below it the folders that the programs under test take for /tmp, home and caches.
// Harness errors (no disk, no program) are exceptions: gtest turns them into a failure of the one test.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "own_cgroup.h"

namespace stapsh::real {

/// Systemtap's own agent, where Debian has it.
constexpr const char* kReleasedAgent = "/usr/lib/systemtap/stapsh";

/// The environment does not let us test: not a finding about the program under test.
struct HarnessError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& root() const { return root_; }
  /// TMPDIR of the programs under test: empty before them, so it must be empty after them.
  std::string tmp() const { return root_ + "/tmp"; }
  /// What root's programs under test see as /run/stapsh, where agents keep the records of their sessions: likewise.
  std::string records() const { return root_ + "/records"; }
  /// A path in the folder; nothing is made. Short enough for a socket's name.
  std::string path(std::string_view name) const { return root_ + "/" + std::string(name); }
  /// The cgroup of the test's own, and as empty; or nothing. See own_cgroup.h.
  const std::string& cgroup() const { return cgroup_->path(); }
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view text, unsigned mode = 0644) const;
  /// Copies an executable and returns the copy's path; its set-user-ID bit does not come along.
  std::string copy_program(std::string_view from, std::string_view name) const;
  /// Makes a folder and returns its path.
  std::string make_folder(std::string_view name) const;
  /// Puts records() there, for a process in a mount namespace of its own. MountNamespace does so by itself.
  void mount_records() const;
  /// `NAME=VALUE` for every program that a test starts: PATH, TMPDIR, HOME, caches; sanitizer options pass through.
  std::vector<std::string> environment() const;

 private:
  std::string root_;
  std::optional<OwnCgroup> cgroup_;
};

/// The whole file; empty when it can't be read.
std::string read_file(const std::string& path);

}  // namespace stapsh::real
