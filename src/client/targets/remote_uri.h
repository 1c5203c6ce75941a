// SPDX-License-Identifier: Apache-2.0
// One target's address, as `--remote` and lists of targets spell it. Pure. What stap --remote takes carries over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace stapsh::client {

/// HOST, USER@HOST, HOST:PORT, ssh://[USER@]HOST[:PORT]. An IPv6 address stands in brackets where a port may follow.
struct SshUri {
  std::string destination;  ///< [USER@]HOST for ssh's command line: no brackets, never beginning with '-'.
  std::optional<std::uint16_t> port;
  bool operator==(const SshUri&) const = default;
};
/// unix:PATH: an agent behind a listening socket.
struct UnixUri {
  std::string path;
  bool operator==(const UnixUri&) const = default;
};
/// stapsh: or stapsh://, an agent started here, as our child.
struct LocalUri {
  bool operator==(const LocalUri&) const = default;
};
/// direct: or direct://, the runner itself, no agent.
struct DirectUri {
  bool operator==(const DirectUri&) const = default;
};
/// exec:COMMAND: any program whose standard input and output reach an agent; run by /bin/sh.
struct ExecUri {
  std::string command;
  bool operator==(const ExecUri&) const = default;
};
/// libvirt://DOMAIN[/LIBVIRT_URI]
struct LibvirtUri {
  std::string domain;
  std::string connection;  ///< Empty: libvirt's default.
  bool operator==(const LibvirtUri&) const = default;
};
/// vsock:CID:PORT
struct VsockUri {
  std::uint32_t cid = 0, port = 0;
  bool operator==(const VsockUri&) const = default;
};

/// nats://SITE/HOST: by the broker that our configuration knows by that name.
struct NatsUri {
  std::string site, host;
  bool operator==(const NatsUri&) const = default;
};

/// What an address is known by, however it is written. Of forms without a host, `name` is the text, and is
/// nobody's host.
struct TargetIdentity {
  std::string user, name, port;  ///< Empty: not said.
  bool operator==(const TargetIdentity&) const = default;
};

struct RemoteUri {
  using Address = std::variant<SshUri, UnixUri, LocalUri, DirectUri, ExecUri, LibvirtUri, VsockUri, NatsUri>;
  std::string text;  ///< As the user wrote it.
  Address address;

  /// As the user wrote it.
  const std::string& display_name() const { return text; }
  [[nodiscard]] TargetIdentity identity() const;
  bool operator==(const RemoteUri&) const = default;
};

/// kUsage for an unknown scheme, a port out of range, a host that ssh would take for an option, or a character that a
/// terminal would obey: targets are named in all that is shown.
Result<RemoteUri> parse_remote_uri(std::string_view text);

}  // namespace stapsh::client
