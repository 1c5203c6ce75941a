// SPDX-License-Identifier: Apache-2.0
// By any command whose standard input and output reach an agent.
#include <utility>

#include "client/transport/become.h"
#include "client/transport/bootstrap_stage.h"
#include "client/transport/child_connection.h"
#include "client/transport/transport_table.h"

namespace stapsh::client {
namespace {

class ExecTransport : public Transport {
 public:
  explicit ExecTransport(ExecUri uri) : uri_(std::move(uri)) {}

  Result<Connection> open(const ReachOptions& options, std::size_t targets) const override {
    sys::SpawnOptions spawn;
    spawn.program = "/bin/sh";
    spawn.argv = {"/bin/sh", "-c", uri_.command};
    spawn.extra_env = options.environment;  // It may be an ssh.
    // Programs in Go, as podman, docker and kubectl, end at a terminal's ctrl-C though it is ignored: they are away
    // from it.
    spawn.new_session = true;
    return open_child(std::move(spawn), targets);
  }

  // Its command gives a shell then.
  [[nodiscard]] std::optional<std::string> stage_input(const ReachOptions& options) const override {
    if (options.bootstrap == Bootstrap::kNever) return std::nullopt;
    return (options.become ? become_command(options, stage_words()) : stage_command()) + "\n";
  }

  [[nodiscard]] bool can_become(const ReachOptions& options) const override {
    return options.bootstrap != Bootstrap::kNever;
  }

 private:
  ExecUri uri_;
};

}  // namespace

std::unique_ptr<Transport> make_transport(const ExecUri& uri) { return std::make_unique<ExecTransport>(uri); }

}  // namespace stapsh::client
