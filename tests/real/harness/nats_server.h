// SPDX-License-Identifier: Apache-2.0
// A real nats-server on a free port of 127.0.0.1, with a configuration and a store of the test's own; and certificates
// for it. It can be stopped, frozen, and started again on the same port.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "program.h"
#include "scratch.h"

namespace stapsh::real {

/// Who is at the other end, as openssl(1) makes it: a certificate authority, and a certificate for `localhost`.
struct Certificates {
  std::string ca, certificate, key;  ///< Files.
  /// `name`: of their folder; another one is another authority. `host`: whose it is.
  static Certificates make(const Scratch& scratch, const std::string& name = "tls",
                           const std::string& host = "localhost");
  /// A line of the server's configuration.
  [[nodiscard]] std::string server_line() const;
  /// Likewise, of one that wants a certificate by the same authority of whoever connects.
  [[nodiscard]] std::string verifying_server_line() const;
};

struct NatsServerOptions {
  std::vector<std::string> lines = {};  ///< Further lines of its configuration: authorization, tls …
  /// For site `here`, in an account of its own as `rstap fleet init` makes it (docs/fleet.md).
  bool jetstream = false;
  bool silent_store = false;  ///< With jetstream: it has that account, and no JetStream that would answer.
  std::string users = {};     ///< With jetstream: who may connect; empty: everybody.
};

class NatsServer {
 public:
  /// Returns once it takes connections.
  explicit NatsServer(const Scratch& scratch, NatsServerOptions options = {});

  int port() const { return port_; }
  int pid() const { return server_->pid(); }
  /// nats://localhost:PORT
  std::string url() const { return "nats://localhost:" + std::to_string(port_); }
  /// All that it has said.
  std::string log() const { return server_->err(); }
  testing::AssertionResult wait_for_log(std::string_view text) { return server_->wait_for_err(text); }

  void freeze() const { server_->send_signal(19); }    // SIGSTOP
  void unfreeze() const { server_->send_signal(18); }  // SIGCONT
  /// At once, as a power failure does.
  void kill();
  /// On the same port, with what it had stored, and with `lines` in the place of those before, if there are any.
  void start_again(std::vector<std::string> lines = {});
  /// As it runs: these lines in the place of those before. Returns when it goes by them.
  void change(std::vector<std::string> lines);

 private:
  void start();
  void write_config() const;

  const Scratch& scratch_;
  NatsServerOptions options_;
  std::string folder_;
  int port_ = -1;
  std::unique_ptr<Program> server_;
};

}  // namespace stapsh::real
