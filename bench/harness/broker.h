// SPDX-License-Identifier: Apache-2.0
// A nats-server of our own on 127.0.0.1, and what it says of itself.
#pragma once

#include <cstdint>
#include <string>

#include "harness/process.h"
#include "harness/site.h"

namespace stapsh::bench {

inline constexpr char kNatsServer[] = "/usr/sbin/nats-server";

class Broker {
 public:
  explicit Broker(const Site& site);

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const Process& process() const { return process_; }
  struct Counts {
    std::uint64_t messages_in = 0, messages_out = 0, slow_consumers = 0;
  };
  /// As /varz has them.
  [[nodiscard]] Counts counts() const;

 private:
  Process process_;
  std::string url_;
  int monitor_port_ = 0;
};

}  // namespace stapsh::bench
