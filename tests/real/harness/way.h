// SPDX-License-Identifier: Apache-2.0
// A way to a broker that may deliver nothing although both ends are well: socat, for one connection, which can be
// frozen.
#pragma once

#include <signal.h>

#include <string>
#include <string_view>

#include "program.h"
#include "scratch.h"

namespace stapsh::real {

class Way {
 public:
  /// To a port of 127.0.0.1. It ends with its connection.
  Way(const Scratch& scratch, int port)
      : socat_({.argv = {"socat", "-d", "-d", "TCP4-LISTEN:0,bind=127.0.0.1", "TCP4:127.0.0.1:" + std::to_string(port)},
                .env = scratch.environment()}) {
    constexpr std::string_view kListening = "listening on AF=2 127.0.0.1:";
    if (!socat_.wait_for_err(kListening)) throw HarnessError(socat_.captured());
    const std::string said = socat_.err();
    const std::size_t at = said.find(kListening) + kListening.size();
    url_ = "nats://127.0.0.1:" + said.substr(at, said.find('\n', at) - at);
  }

  const std::string& url() const { return url_; }
  pid_t pid() const { return socat_.pid(); }
  void freeze() const { socat_.send_signal(SIGSTOP); }
  void unfreeze() const { socat_.send_signal(SIGCONT); }
  testing::AssertionResult wait_gone() { return socat_.wait_gone(); }

 private:
  Program socat_;
  std::string url_;
};

}  // namespace stapsh::real
