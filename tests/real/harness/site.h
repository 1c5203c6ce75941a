// SPDX-License-Identifier: Apache-2.0
// One agent, reachable as users reach one: started by the client, behind a socket (socat or the agent's own), over ssh.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "mounts.h"
#include "program.h"
#include "scratch.h"
#include "sshd.h"

namespace stapsh::real {

enum class Via { kStapsh, kSocat, kListen, kSsh };

constexpr const char* name_of(Via via) {
  switch (via) {
    case Via::kStapsh:
      return "stapsh";
    case Via::kSocat:
      return "socat";
    case Via::kListen:
      return "listen";
    case Via::kSsh:
      return "ssh";
  }
  return "";
}

inline void PrintTo(Via via, std::ostream* out) { *out << name_of(via); }

class Site {
 public:
  /// `mounts`, prepared by the test, is what both ends see. Our agent is put at /usr/bin/stapsh in it; the released one
  /// stays where its package has it.
  Site(Via via, const std::string& agent, const Scratch& scratch, MountNamespace& mounts, SshdOptions sshd = {});
  ~Site();

  /// A URI for --remote; `index` tells several targets apart where they can be told apart.
  std::string uri(int index = 0) const;
  /// The process that waits for connections; 0 if there is none.
  int helper_pid() const;
  /// A PATH for the client: with our ssh first.
  std::string path() const;

 private:
  Via via_;
  std::string agent_, socket_;
  std::unique_ptr<Program> helper_;
  std::unique_ptr<LoopbackSshd> sshd_;
};

/// Waits until somebody accepts connections at `path`.
void wait_for_socket(const std::string& path, const Program& server);

}  // namespace stapsh::real
