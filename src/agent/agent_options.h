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

/// What --check-policy is asked.
struct PolicyQuestion {
  bool asked = false;
  std::string file;                  ///< Another than the one that is compiled in; empty: that one.
  std::optional<RunnerKind> runner;  ///< None: the one for the first of `programs`.
  std::optional<std::string> args;   ///< Words as a shell has them.
  std::optional<std::uint32_t> uid, cid;
  std::optional<std::string> signed_by;  ///< Who would have signed the run.
  std::vector<std::string> programs;     ///< Paths of the files that would be sent.

  /// Whether it is about a run, not about the file alone.
  [[nodiscard]] bool about_run() const { return runner || args || uid || cid || signed_by; }
};

struct AgentOptions {
  AgentSettings settings;             ///< All but the identity's machine and release, which are the kernel's.
  std::optional<std::string> listen;  ///< `unix:PATH`, `vsock:PORT`, or a virtio-serial port's name or path, as given.
  /// Of the sessions that a listener serves at a socket.
  std::uint64_t sessions_max = 256;
  std::uint64_t sessions_per_peer_max = 128;
  /// Whose they are, for who is not served.
  std::string sessions_limit = "sessions-max", per_peer_limit = "sessions-per-peer-max";
  std::uint64_t workspaces_bytes_max = 1'000'000'000;
  /// Of modules that stay for later sessions, where a client asks for it; 0: none do.
  std::uint64_t kept_bytes_max = 256'000'000;
  /// Who may connect to `vsock:PORT`; empty: only the host. 0xffffffff stands for everybody.
  std::vector<std::uint32_t> allowed_cids;
  std::optional<Duration> grace_max;  ///< As given; settings.maxima has what holds.
  std::string as;                     ///< The name that counts for the policy; empty: none.
  bool needs_policy = false;          ///< Where there is none, nothing may run.
  PolicyQuestion question;
  /// The session begins with a line that no protocol has: kStartedLine.
  bool says_started = false;
  /// Where --bootstrap has put us: see guest.h. None: we are installed here.
  std::optional<std::string> guest_folder;
  bool help = false;
  bool version = false;
};

/// Words after the program's name to options; never exits. kUsage names the word.
Result<AgentOptions> parse_agent_options(std::span<const std::string_view> words);

constexpr std::string_view kUnixPrefix = "unix:", kVsockPrefix = "vsock:";

/// The PORT of `vsock:PORT`. kUsage if it is not one.
Result<std::uint32_t> parse_vsock_port(std::string_view where);

/// For --say-started: as the first stage of rstap --bootstrap says that an agent of ours speaks from now on.
inline constexpr std::string_view kStartedLine = "\nstapsh-stage found stapsh\n";

/// What --help prints.
std::string agent_help();

/// What --version prints.
std::string agent_version();

}  // namespace stapsh::agent
