// SPDX-License-Identifier: Apache-2.0
// A real sshd on a free port of 127.0.0.1, with keys of its own, and a client configuration that reaches it under the
// names h0 … h99. Needs root, as sshd does to start a session.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mounts.h"
#include "program.h"
#include "scratch.h"

namespace stapsh::real {

struct SshdOptions {
  std::vector<std::string> server_lines = {};  ///< Further lines of sshd_config, before ours: the first one wins.
  std::vector<std::string> client_lines =
      {};  ///< Further lines of ssh_config, likewise: ProxyCommand, `Host h3` blocks.
  std::vector<std::string> environment = {};  ///< NAME=VALUE of every session, by SetEnv.
  MountNamespace* mounts = nullptr;           ///< What sessions see.
};

class LoopbackSshd {
 public:
  LoopbackSshd(const Scratch& scratch, const SshdOptions& options);

  int pid() const { return sshd_->pid(); }
  int port() const { return port_; }
  /// A folder with an `ssh` that uses our configuration; to be the first of a client's PATH.
  const std::string& wrapper_folder() const { return wrapper_folder_; }

 private:
  int port_ = 0;
  std::string wrapper_folder_;
  std::unique_ptr<Program> sshd_;
};

}  // namespace stapsh::real
