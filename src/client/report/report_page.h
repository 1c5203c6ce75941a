// SPDX-License-Identifier: Apache-2.0
// A report as one HTML page that needs nothing else: opened from a disk, without a network, years later. What targets
// said is data in it, never markup, and a policy in the page lets no script run but ours. Pure.
#pragma once

#include <string>

#include "client/report/report.h"

namespace stapsh::client::report {

/// All of the file, UTF-8.
std::string report_page(const Report& report);

}  // namespace stapsh::client::report
