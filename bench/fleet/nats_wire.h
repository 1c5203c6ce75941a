// SPDX-License-Identifier: Apache-2.0
// What a NATS broker says to its clients, read from bytes in any split, and what a client says to it. As much of it as
// links and clients of ours use; source: docs.nats.io, "Client Protocol". Written by hand, since ten thousand
// connections of a library that has threads for each are no emulation of ten thousand hosts. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace stapsh::fleet {

/// All views are lent for the call that gets them.
struct Delivery {
  std::string_view subject, reply;
  unsigned subscription = 0;
  std::string_view payload;
  bool no_responders = false;  ///< Nobody listens to what was asked.
};
struct BrokerInfo {};
struct BrokerPing {};
struct BrokerPong {};
struct BrokerError {
  std::string_view text;
};
using WireEvent = std::variant<Delivery, BrokerInfo, BrokerPing, BrokerPong, BrokerError>;

class NatsReader {
 public:
  using Take = std::function<void(const WireEvent& event)>;

  /// Calls `take` for each event that is whole. Keeps the rest.
  Result<> feed(std::string_view bytes, const Take& take);

 private:
  std::string rest_;
};

std::string connect_line(std::string_view name);
std::string subscribe_line(std::string_view subject, unsigned subscription);
inline constexpr std::string_view kPingLine = "PING\r\n", kPongLine = "PONG\r\n";
/// At the end of `to`.
void add_publish(std::string& to, std::string_view subject, std::string_view reply, std::string_view payload);

}  // namespace stapsh::fleet
