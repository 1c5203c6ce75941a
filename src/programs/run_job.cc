// SPDX-License-Identifier: Apache-2.0
#include "programs/run_job.h"

#include <asio/co_spawn.hpp>
#include <exception>
#include <memory>

#include "client/output/outputs.h"
#include "client/run/event_hub.h"
#include "client/run/fleet.h"

namespace stapsh::client {

Result<int> run_job(const RstapOptions& options, const std::vector<int>& ignored_signals) {
  asio::io_context io{1};
  EventHub hub(io);
  Outputs outputs =
      TRY(Outputs::create(io, options.output, {[&hub] { hub.note_room(); }, [&hub] { hub.note_reader_gone(); }}));
  for (EventSink* sink : outputs.sinks()) hub.add(*sink);
  const std::unique_ptr<Fleet> fleet = TRY(Fleet::create(io, options, hub, ignored_signals));
  int code = 0;
  const auto run = [&]() -> Awaitable<> {
    code = co_await fleet->run();
    co_await outputs.drain();
  };
  asio::co_spawn(io, run(), [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  });
  io.run();
  return outputs.exit_code(code);
}

}  // namespace stapsh::client
