// SPDX-License-Identifier: Apache-2.0
// -l with stap: what was listed here for a target's kernel is what the target says.
#pragma once

#include <functional>
#include <memory>

#include "client/async/asio_types.h"
#include "client/build/module.h"
#include "client/run/run_context.h"
#include "client/run/target_progress.h"

namespace stapsh::client {

/// Emits the text of `module`'s listing, as fast as it is read, until `is_over`; then all is done that was asked of the
/// target, which must be told to stop.
Awaitable<> show_listing(const RunContext& context, TargetProgress& progress, std::shared_ptr<const Module> module,
                         std::function<bool()> is_over);

}  // namespace stapsh::client
