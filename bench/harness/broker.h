// SPDX-License-Identifier: Apache-2.0
// A nats-server of our own on 127.0.0.1, and what it says of itself. It can be killed, and started again on its ports.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "harness/process.h"
#include "harness/site.h"

namespace stapsh::bench {

inline constexpr char kNatsServer[] = "/usr/sbin/nats-server";

class Broker {
 public:
  /// With TLS it takes nothing else.
  Broker(const Site& site, bool tls);

  /// nats://127.0.0.1:PORT, or tls://localhost:PORT: that is the name in its certificate.
  [[nodiscard]] const std::string& url() const { return url_; }
  /// Who has signed that, a file; empty: no TLS.
  [[nodiscard]] const std::string& ca_file() const { return ca_file_; }
  [[nodiscard]] const Process& process() const { return *process_; }
  /// At once, as a power failure does; returns when it is gone.
  void kill();
  /// Returns when it takes connections.
  void start_again();
  struct Counts {
    std::uint64_t messages_in = 0, messages_out = 0, slow_consumers = 0;
  };
  /// As /varz has them.
  [[nodiscard]] Counts counts() const;

 private:
  void start(const std::string& port, const std::string& monitor_port);

  const Site& site_;
  std::unique_ptr<Process> process_;
  std::string ca_file_, tls_line_;
  std::string url_;
  int monitor_port_ = 0;
};

}  // namespace stapsh::bench
