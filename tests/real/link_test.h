// SPDX-License-Identifier: Apache-2.0
// The fixture of the tests of stapsh-link: a broker, a host with real runners, and a client that speaks the wire.
#pragma once

#include <signal.h>

#include "harness/broker_client.h"
#include "harness/link_host.h"
#include "harness/nats_server.h"
#include "harness/real_test.h"

namespace stapsh::real {

/// Prints a line, then waits; its END says another at a ctrl-C.
inline const std::string kWaits =
    "BEGIN { printf(\"begun\\n\"); } interval:ms:100 { @n++; } END { clear(@n); printf(\"over\\n\"); }";

class LinkTest : public RealTest {
 protected:
  explicit LinkTest(const NatsServerOptions& options = {})
      : mounts_(new_mounts()), server_(std::make_unique<NatsServer>(scratch_, options)) {
    mounts_.tracing().lift_memlock_limit();
  }
  void TearDown() override {
    server_.reset();
    RealTest::TearDown();
  }

  /// As its service is stopped, if it still runs.
  static void stop(Program& link) {
    if (!link.running()) return;
    link.send_signal(SIGTERM);
    EXPECT_EQ(link.wait_exit(), 0) << link.captured();
  }
  /// What a client says to have a program run by bpftrace.
  static std::string run(const std::string& program) {
    return "stap 5.6\noption data\noption exit\nfile " + std::to_string(program.size()) + " a.bt\n" + program +
           "run ./a.bt\n";
  }

  MountNamespace mounts_;
  std::unique_ptr<NatsServer> server_;
};

}  // namespace stapsh::real
