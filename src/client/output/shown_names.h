// SPDX-License-Identifier: Apache-2.0
// Names of targets as they are shown. They may come from anybody's list or recording. Pure.
#pragma once

#include <string>
#include <vector>

#include "client/events/event.h"

namespace stapsh::client {

/// One for each target: it can't end or rewrite a line, no two look the same, and none is rstap's own.
std::vector<std::string> shown_names(const event::RunStarted& run);

}  // namespace stapsh::client
