// SPDX-License-Identifier: Apache-2.0
// What a session left behind. The test process becomes a child subreaper, so every orphan of a session ends up below
// it, whatever it did to its session, group or environment: nothing of other tests is ever blamed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace stapsh::real {

class LeakOracle {
 public:
  /// `watched`: folders whose entries are compared too (the TMPDIR of the programs under test).
  /// `helpers`: those that run already, see allow_helper().
  explicit LeakOracle(std::vector<std::string> watched, std::vector<int> helpers = {});

  /// Waits, at most `bound`, until no descendant lives but those alive at the start and helpers; then compares
  /// folders and kernel modules. One line for each thing that is left; such processes are killed and reaped.
  std::vector<std::string> left(std::chrono::milliseconds bound);
  /// A long-lived helper (sshd, socat) is not left over while it is in use; what it started is.
  void allow_helper(int pid) { helpers_.push_back(pid); }

 private:
  std::vector<int> unexpected_descendants() const;
  std::vector<std::string> things() const;

  std::vector<std::string> watched_, before_;
  std::vector<int> allowed_, helpers_;
};

}  // namespace stapsh::real
