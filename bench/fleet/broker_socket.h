// SPDX-License-Identifier: Apache-2.0
// One connection to a broker: a socket that never waits, what is to be written there, and a reader of what comes.
#pragma once

#include <sys/socket.h>

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "nats_wire.h"
#include "sys/epoll_set.h"
#include "sys/unique_fd.h"
#include "tls_socket.h"

namespace stapsh::fleet {

/// Of nats://HOST:PORT, or tls://HOST:PORT.
struct BrokerAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  bool tls = false;
};
Result<BrokerAddress> resolve_broker(std::string_view url);

class BrokerSocket {
 public:
  /// Begins to connect, and to say who we are; its events carry `id`. `epoll` is lent.
  Result<> open(const BrokerAddress& address, std::string_view name, const sys::Epoll& epoll, std::uint64_t id);

  /// What was to be written, and what came in part, is forgotten: open() begins anew.
  void close() {
    watch_.reset();
    *this = BrokerSocket();
  }
  /// Reads what there is. Errors: the connection has ended.
  Result<> read(const NatsReader::Take& take);
  /// Behind all that waits.
  void say(std::string_view text) { unsent_ += text; }
  void publish(std::string_view subject, std::string_view reply, std::string_view payload) {
    add_publish(unsent_, subject, reply, payload);
  }
  /// Writes as much as goes, and waits for the rest to go.
  Result<> flush();
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_.size() - sent_; }

 private:
  Result<sys::IoResult> read_some(std::span<char> buffer);
  Result<sys::IoResult> write_some(std::string_view bytes);

  sys::UniqueFd fd_;
  bool tls_wanted_ = false;
  TlsSocket tls_;  // Begins behind the broker's first line.
  sys::Watch watch_;
  NatsReader reader_;
  std::string unsent_;
  std::size_t sent_ = 0;  // Of unsent_.
};

}  // namespace stapsh::fleet
