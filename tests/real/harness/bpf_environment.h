// SPDX-License-Identifier: Apache-2.0
// What the BPF runtime needs to work in a container: a kernel build folder, and a way around what old programs lack.
// Also the small scripts that tests run.
#pragma once

#include <string>
#include <vector>

#include "mounts.h"
#include "scratch.h"

namespace stapsh::real {

class BpfEnvironment {
 public:
  explicit BpfEnvironment(const Scratch& scratch);

  /// For `stap -r` and `rstap -r`.
  const std::string& kernel_build() const { return kernel_build_; }
  /// The agent of systemtap 4.8 knows no BPF and starts staprun for it: this one hands a `.bo` on to stapbpf.
  void wrap_staprun(MountNamespace& mounts) const;
  /// Builds a script; returns the `.bo`'s path.
  std::string build(const std::string& script, const std::string& module_name) const;

  std::string one() const { return scratch_.path("one.stp"); }          ///< hello, tick, bye.
  std::string forever() const { return scratch_.path("forever.stp"); }  ///< hello, then tick N; bye at the end.

 private:
  const Scratch& scratch_;
  std::string kernel_build_, staprun_;
};

}  // namespace stapsh::real
