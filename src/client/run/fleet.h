// SPDX-License-Identifier: Apache-2.0
// One run of rstap: all targets at once, one ctrl-C for all, one exit code; what happens goes to `events`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/events/event.h"
#include "client/options/rstap_options.h"
#include "client/run/event_hub.h"

namespace stapsh::client {

class Fleet {
 public:
  /// `options` and `events` are lent. Errors: nothing was begun. `ignored_signals`: those that whoever started us wants
  /// ignored (nohup, a shell's `&`).
  static Result<std::unique_ptr<Fleet>> create(asio::io_context& io, const RstapOptions& options, EventHub& events,
                                               const std::vector<int>& ignored_signals);
  virtual ~Fleet() = default;

  /// Runs the job on all targets. Returns the exit code, with signals blocked: the result stands. Must live until `io`
  /// has nothing to do.
  virtual Awaitable<int> run() = 0;
  /// Of the run, before it begins.
  [[nodiscard]] virtual std::vector<event::RunStarted::Target> targets() const = 0;
  /// Lists and inventories that they are from.
  [[nodiscard]] virtual const std::vector<std::string>& target_files() const = 0;
};

}  // namespace stapsh::client
