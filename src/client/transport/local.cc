// SPDX-License-Identifier: Apache-2.0
// An agent here, as our own child.
#include <string>
#include <utility>

#include "client/transport/agent_images.h"
#include "client/transport/child_connection.h"
#include "client/transport/transport_table.h"

namespace stapsh::client {
namespace {

class LocalTransport : public Transport {
 public:
  Result<Connection> open(const ReachOptions& options, std::size_t targets) const override {
    sys::SpawnOptions spawn;
    spawn.program = TRY(find_local_agent(options));
    spawn.search_path = spawn.program.find('/') == std::string::npos;
    spawn.argv = {spawn.program};
    spawn.new_session = true;
    return open_child(std::move(spawn), targets);
  }

  [[nodiscard]] std::string explain_end(const ConnectionEnd& end) const override {
    const std::string text = Transport::explain_end(end);
    return end.last_words.empty() && end.exit_code > 128 ? "the agent was " + text : text;
  }
};

}  // namespace

std::unique_ptr<Transport> make_transport(const LocalUri&) { return std::make_unique<LocalTransport>(); }

}  // namespace stapsh::client
