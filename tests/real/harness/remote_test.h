// SPDX-License-Identifier: Apache-2.0
// The fixture of tests in which a client reaches an agent over a transport: all that a session started must be gone
// while sshd, socat or the listener still wait for the next one.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "real_test.h"
#include "site.h"
#include "stap_environment.h"

namespace stapsh::real {

class RemoteTest : public RealTest {
 protected:
  RemoteTest() : mounts_(new_mounts()) { mounts_.lift_memlock_limit(); }

  void TearDown() override {
    end_sites();
    RealTest::TearDown();
  }

  const Site& start_site(Via via, const std::string& agent, SshdOptions sshd = {}) {
    sites_.push_back(std::make_unique<Site>(via, agent, scratch_, mounts_, std::move(sshd)));
    if (sites_.back()->helper_pid() != 0) oracle_.allow_helper(sites_.back()->helper_pid());
    return *sites_.back();
  }
  void end_sites() {
    expect_nothing_left();
    sites_.clear();
  }

  /// A client where the agent is; with a site, its ssh is the first in PATH.
  ProgramOptions client(std::vector<std::string> words, const Site* site = nullptr) const {
    // Usual, not said: with what is built already, and with bpftrace's programs, it would be refused.
    std::vector<std::string> env{"RSTAP_OPTIONS=-r " + stap_.kernel_build()};
    if (site != nullptr) env.push_back(site->path());
    return options(std::move(words), &mounts_, env);
  }

  /// `-r FOLDER --remote exec:AGENT`: a target here, of /usr/bin/stapsh, that says it runs kernel `release`.
  std::vector<std::string> with_kernel(const std::string& release) const {
    const std::string build = scratch_.path("build-" + release);
    std::filesystem::copy(stap_.kernel_build(), build, std::filesystem::copy_options::recursive);
    scratch_.write("build-" + release + "/include/config/kernel.release", release + "\n");
    const std::string agent =
        scratch_.write(release, "#!/bin/sh\n/usr/bin/stapsh | sed -u '1s/[^ ]*$/" + release + "/'\n", 0755);
    return {"-r", build, "--remote", "exec:" + agent};
  }

  const StapEnvironment stap_{scratch_};
  MountNamespace mounts_;

 private:
  std::vector<std::unique_ptr<Site>> sites_;
};

}  // namespace stapsh::real
