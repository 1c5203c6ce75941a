// SPDX-License-Identifier: Apache-2.0
// The agents that were started and have not ended: also those whose session is over, which tidy up.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "sys/child.h"
#include "sys/unique_fd.h"

namespace stapsh::link {

class Agents {
 public:
  /// `program`: the agent's path.
  explicit Agents(std::string program) : program_(std::move(program)) {}

  /// That it is there, and that this machine has a policy, by which it will decide. An Error says what it said.
  [[nodiscard]] Result<> check() const;

  struct Started {
    sys::UniqueFd socket;  ///< That it talks through.
    pid_t pid;
  };
  /// Starts one for `client`, in the name of session `serial`.
  Result<Started> start(const std::string& client, std::uint64_t serial);
  struct Ended {
    std::uint64_t serial;
    int code;
  };
  /// Those that have ended since.
  std::vector<Ended> reap();
  [[nodiscard]] bool has(std::uint64_t serial) const { return running_.contains(serial); }
  /// Serial numbers and clients.
  [[nodiscard]] std::map<std::uint64_t, std::string> running() const;
  [[nodiscard]] bool empty() const { return running_.empty(); }
  /// They live on without us.
  void leave();

 private:
  struct Agent {
    std::string client;
    sys::Child process;
  };
  std::string program_;
  std::map<std::uint64_t, Agent> running_;
};

}  // namespace stapsh::link
