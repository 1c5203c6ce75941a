// SPDX-License-Identifier: Apache-2.0
// The fixture of all real tests: a scratch folder, the leak oracle, and where the programs are.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "leak_oracle.h"
#include "mounts.h"
#include "program.h"
#include "scratch.h"

namespace stapsh::real {

/// Our agent. STAPSH_TEST_AGENT puts another in its place: run the tests against the released one to see its faults.
inline std::string agent_program() {
  const char* other = std::getenv("STAPSH_TEST_AGENT");
  return other != nullptr ? other : STAPSH_AGENT;
}

/// For what has no event to wait for: another process is looked at.
inline bool becomes_true(const std::function<bool()>& is_so, Bound bound = kBound) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    (void)::poll(nullptr, 0, 5);
  }
  return true;
}

class RealTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: mount namespaces, sshd, BPF";
    Program probe({.argv = {"/usr/bin/unshare", "-m", "--propagation", "private", "/bin/true"}, .env = {}});
    if (probe.wait_exit() != 0) GTEST_SKIP() << "needs to make mount namespaces (CAP_SYS_ADMIN)";
  }

  /// Whatever a test did, nothing of it may be left: processes, files in TMPDIR, kernel modules.
  void TearDown() override { expect_nothing_left(); }

  /// By itself: within more than a rung of the agent's ladder (5 s), since a stapbpf whose script ends just as it is
  /// told to stop may wait for a second signal; and less than --keepalive, which would hide that an end was not
  /// noticed.
  void expect_nothing_left(Bound bound = std::chrono::seconds(20)) {
    for (const std::string& thing : oracle_.left(bound)) ADD_FAILURE() << "left behind: " << thing;
  }

  /// A program in the test's environment, optionally in a mount namespace; `env` is added.
  ProgramOptions options(std::vector<std::string> argv, const MountNamespace* mounts = nullptr,
                         std::vector<std::string> env = {}) const {
    ProgramOptions all{.argv = mounts != nullptr ? mounts->wrap(std::move(argv)) : std::move(argv),
                       .env = scratch_.environment(),
                       .cwd = scratch_.root()};
    all.env.insert(all.env.end(), env.begin(), env.end());
    return all;
  }

  MountNamespace new_mounts() { return MountNamespace(scratch_.path("mounts" + std::to_string(namespaces_++))); }

  Scratch scratch_;
  LeakOracle oracle_{{scratch_.tmp(), scratch_.records(), scratch_.cgroup()}};

 private:
  int namespaces_ = 0;
};

}  // namespace stapsh::real
