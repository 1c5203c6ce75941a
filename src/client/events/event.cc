// SPDX-License-Identifier: Apache-2.0
#include "client/events/event.h"

namespace stapsh::client {

std::string_view state_name(TargetState state) {
  switch (state) {
    case TargetState::kWaiting:
      return "waiting";
    case TargetState::kConnecting:
      return "connecting";
    case TargetState::kBuilding:
      return "building";
    case TargetState::kSending:
      return "sending";
    case TargetState::kReady:
      return "ready";
    case TargetState::kRunning:
      return "running";
    case TargetState::kStopping:
      return "stopping";
    case TargetState::kDone:
      return "done";
    case TargetState::kFailed:
      return "failed";
  }
  return "?";
}

}  // namespace stapsh::client
