// SPDX-License-Identifier: Apache-2.0
// What all targets of a run share; lent.
#pragma once

#include <cstddef>
#include <string>

#include "client/async/asio_types.h"
#include "client/build/build_cache.h"
#include "client/options/rstap_options.h"
#include "client/prompts/asker.h"
#include "client/prompts/sudo_password.h"
#include "client/run/canary_gate.h"
#include "client/run/connect_slots.h"
#include "client/run/event_hub.h"
#include "client/run/manifest_signer.h"
#include "client/run/start_gate.h"
#include "client/transport/agent_images.h"

namespace stapsh::client {

/// Whether a runner of any target has begun.
struct FirstStart {
  Condition event;
  bool happened = false;
};

struct RunContext {
  asio::io_context& io;
  const RstapOptions& options;
  EventHub& events;
  ConnectSlots& slots;
  Asker* asker;                 ///< Null: nobody is asked by us.
  SudoPassword* sudo_password;  ///< Null: sudo asks nothing, where there is one.
  ManifestSigner* signer;       ///< Null: no run is signed.
  BuildCache& builds;
  StartGate& gate;
  CanaryGate* canary;  ///< Null: no target waits for others.
  FirstStart& started;
  AgentImages& images;   ///< For --bootstrap.
  std::size_t targets;   ///< How many there are.
  std::string& scratch;  ///< Where every target's bytes are read to: one at a time.
};

}  // namespace stapsh::client
