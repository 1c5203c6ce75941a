// SPDX-License-Identifier: Apache-2.0
// The agent's command line: systemtap's own (`-v`, `-l PORT`) and ours.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "session/agent_session.h"

namespace stapsh::agent {

struct AgentOptions {
  AgentSettings settings;             ///< All but the identity's machine and release, which are the kernel's.
  std::optional<std::string> listen;  ///< `unix:PATH`, `vsock:PORT`, or a virtio-serial port's name or path, as given.
  /// Of the sessions that a listener serves at a socket.
  std::uint64_t sessions_max = 256;
  std::uint64_t sessions_per_peer_max = 128;
  std::uint64_t workspaces_bytes_max = 1'000'000'000;
  /// Who may connect to `vsock:PORT`; empty: only the host. 0xffffffff stands for everybody.
  std::vector<std::uint32_t> allowed_cids;
  std::optional<Duration> grace_max;  ///< As given; settings.maxima has what holds.
  bool help = false;
  bool version = false;
};

/// Words after the program's name to options; never exits. kUsage names the word.
Result<AgentOptions> parse_agent_options(std::span<const std::string_view> words);

constexpr std::string_view kUnixPrefix = "unix:", kVsockPrefix = "vsock:";

/// The PORT of `vsock:PORT`. kUsage if it is not one.
Result<std::uint32_t> parse_vsock_port(std::string_view where);

/// What --help prints.
std::string agent_help();

/// What --version prints.
std::string agent_version();

}  // namespace stapsh::agent
