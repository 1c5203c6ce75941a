// SPDX-License-Identifier: Apache-2.0
// What rstap and its relay say to each other, a packet each, on a socket that keeps them whole. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace stapsh::client {

inline constexpr std::size_t kControlBytesMax = 2'048;

/// To the relay, with an end of a socket: a session whose bytes are that socket's.
struct OpenSession {
  std::uint32_t number = 0;  ///< No other session of this run had it.
  std::string host;
  bool operator==(const OpenSession&) const = default;
};
/// To the relay: one that an earlier relay of the same run may have left open.
struct ForgetSession {
  std::uint32_t number = 0;
  std::string host;
  bool operator==(const ForgetSession&) const = default;
};
/// In the place of a number: all sessions, also of those that are yet to be opened.
inline constexpr std::uint32_t kAllSessions = std::numeric_limits<std::uint32_t>::max();

/// From the relay, before it closes the session's socket: why, for a person, on one line. Who ended well has none.
struct SessionEnded {
  std::uint32_t number = 0;
  std::string reason;
  bool operator==(const SessionEnded&) const = default;
};
using ControlPacket = std::variant<OpenSession, ForgetSession, SessionEnded>;

std::string encode_control(const ControlPacket& packet);
/// kPeer: it is none.
Result<ControlPacket> decode_control(std::string_view bytes);

/// In the place of a file's content on a session's socket: this byte, and with it a descriptor of a sealed file in
/// memory.
inline constexpr std::string_view kFileMark = "f";
/// Of files that are handed on so: smaller ones are one message in any case.
inline constexpr std::size_t kMarkedFileBytesMin = 16'385;

}  // namespace stapsh::client
