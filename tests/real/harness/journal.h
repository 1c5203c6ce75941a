// SPDX-License-Identifier: Apache-2.0
// A systemd-journald of the test's own, with a journal in the test's folder: nobody else's log gets what a test writes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mounts.h"
#include "program.h"

namespace stapsh::real {

class Journal {
 public:
  /// `folder`, an empty one, is where journald's sockets and files go: MountNamespace::log_folder() shows them to
  /// others. `environment`: of the programs that it starts. `mounts`: a namespace that nobody has used yet.
  Journal(std::string folder, std::vector<std::string> environment, MountNamespace mounts);
  /// Waits until journald has made its socket.
  testing::AssertionResult start();

  pid_t pid() const { return journald_->pid(); }

  /// What stapsh has sent until now, oldest first: an object of JSON a line, as `journalctl -o json --all` prints it.
  std::vector<std::string> records() const;
  /// The text of a field of such a line, with JSON's escapes; empty: it has none.
  static std::string field(const std::string& record, std::string_view name);

 private:
  ProgramOptions options(std::vector<std::string> argv) const;

  std::string folder_;
  std::vector<std::string> environment_;
  MountNamespace mounts_;
  std::unique_ptr<Program> journald_;
};

}  // namespace stapsh::real
