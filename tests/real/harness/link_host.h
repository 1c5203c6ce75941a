// SPDX-License-Identifier: Apache-2.0
// A host of a fleet: a real stapsh-link with a configuration and a policy of the test's own, in a view of the file
// system that its agents share.
#pragma once

#include <memory>
#include <string>

#include "mounts.h"
#include "nats_server.h"
#include "program.h"
#include "scratch.h"

namespace stapsh::real {

struct LinkHostOptions {
  std::string host = "web01";
  std::string top = "tls = false\n", rest = {};  ///< Further lines of link.toml: keys, and tables behind them.
  std::string policy = "allow as=ann\nallow as=bob\n";
  std::string site = "here";
  std::string agent = STAPSH_AGENT;
};

class LinkHost {
 public:
  /// `mounts`: what it sees, beside a policy folder of its own, to which they are bound here. Starts nothing.
  LinkHost(const Scratch& scratch, MountNamespace& mounts, LinkHostOptions options = {});

  /// Starts it; the others return once it is connected.
  Program& start(const std::string& url);
  Program& start_connected(const std::string& url);
  Program& start_connected(const NatsServer& server);

  Program& program() const { return *program_; }
  const std::string& config_file() const { return config_file_; }
  const std::string& policy_folder() const { return policy_folder_; }
  /// link.toml for that broker.
  void write_config(const std::string& url);
  /// Its command line with further words.
  ProgramOptions command(std::vector<std::string> words = {}) const;

 private:
  const Scratch& scratch_;
  MountNamespace& mounts_;
  LinkHostOptions options_;
  std::string config_file_, policy_folder_;
  std::unique_ptr<Program> program_;
};

}  // namespace stapsh::real
