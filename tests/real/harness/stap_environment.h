// SPDX-License-Identifier: Apache-2.0
// What systemtap needs to build and run scripts in a container: kernel build folders, a way around what its old agent
// lacks, and the small scripts that tests run.
#pragma once

#include <string>
#include <vector>

#include "mounts.h"
#include "scratch.h"

namespace stapsh::real {

class StapEnvironment {
 public:
  explicit StapEnvironment(const Scratch& scratch);

  /// For `stap -r` and `rstap -r`, BPF runtime.
  const std::string& kernel_build() const { return kernel_build_; }
  /// For `-r`, kernel runtime: builds at once, but what comes out is a file that no kernel loads. The way to staprun
  /// and its refusal are real.
  const std::string& module_build() const { return module_build_; }
  /// The agent of systemtap 4.8 knows no BPF: this staprun hands what disguise() made on to stapbpf.
  void wrap_staprun(MountNamespace& mounts) const;
  /// Builds a script for BPF; what comes out looks like a kernel module by its name. Returns its path.
  std::string disguise(const std::string& script) const;
  /// Builds a script; returns the `.bo`'s path.
  std::string build(const std::string& script, const std::string& module_name) const;

  std::string one() const { return scratch_.path("one.stp"); }          ///< hello, tick, bye.
  std::string forever() const { return scratch_.path("forever.stp"); }  ///< hello, then tick N; bye at the end.

 private:
  const Scratch& scratch_;
  std::string kernel_build_, module_build_, staprun_;
};

}  // namespace stapsh::real
