// SPDX-License-Identifier: Apache-2.0
// An agent here, as our own child.
#include <array>
#include <string>
#include <utility>

#include "client/transport/child_connection.h"
#include "client/transport/transport_table.h"
#include "sys/executable.h"

namespace stapsh::client {
namespace {

// Where a local agent is: beside us, in PATH, where distributions hide it.
Result<std::string> find_local_agent(const ReachOptions& options) {
  if (options.stapsh_program) return *options.stapsh_program;
  const std::array<std::string, 1> beside{sys::own_folder()};
  if (auto found = sys::find_executable(beside, "stapsh")) return *std::move(found);
  if (auto found = sys::find_in_path("stapsh")) return *std::move(found);
  static const std::array<std::string, 3> kHidden{"/usr/lib/systemtap", "/usr/libexec/systemtap", "/usr/local/bin"};
  if (auto found = sys::find_executable(kHidden, "stapsh")) return *std::move(found);
  return fail(Errc::kSystem, "stapsh: not found beside rstap, in PATH or in /usr/lib/systemtap; give --stapsh PATH");
}

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
