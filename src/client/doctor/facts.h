// SPDX-License-Identifier: Apache-2.0
// What was found out, before anything is made of it. Values.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "client/doctor/probe_needs.h"
#include "client/events/event.h"
#include "protocol/runner_kind.h"
#include "session/client_effect.h"

namespace stapsh::client {

/// What would run.
struct WantedRun {
  std::optional<RunnerKind> runner;   ///< None: there is no script, and all runners that are there are meant.
  bool builds = false;                ///< From a systemtap script, here.
  bool builds_elsewhere = false;      ///< Likewise, but by another host or of folders that were named.
  std::optional<ProbeNeeds> needs{};  ///< None: its text is not known here.
};

/// Of this machine, as far as a run needs it.
struct HereFacts {
  std::string stap;                   ///< The version; empty: it is not there.
  std::string stap_program = "stap";  ///< As it was called.
  bool has_ssh = true;
  std::map<std::string, bool> has_headers{};  ///< By a kernel's release: whether /lib/modules/RELEASE/build is there.
};

/// Of a target: its events.
struct TargetFacts {
  std::string name, uri;
  std::optional<WallTime> began;  ///< When it was first connected to, or the last time.
  std::optional<WallTime> connected_at;
  std::optional<event::Connected> connected;  ///< None: no agent answered.
  std::optional<Outcome> outcome;             ///< None: it has none yet.
};

}  // namespace stapsh::client
