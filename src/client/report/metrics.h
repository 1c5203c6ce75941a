// SPDX-License-Identifier: Apache-2.0
// A report in the text format of Prometheus, for the textfile collector of node_exporter. Pure.
#pragma once

#include <string>

#include "client/report/report.h"

namespace stapsh::client::report {

/// A family for each map, "rstap_NAME" with labels host and key: a counter ("…_total") of count(), a summary with sum
/// and count of stats(), a histogram with cumulative buckets and no sum (which nobody measured) of hist() and lhist(),
/// a gauge of other numbers. Stacks and texts are left out. Then some of the run itself: who failed, how many hosts
/// stand behind a map, lost events, when it ended. Maps keep their names: of one called @us, promtool accepts the
/// metric and advises against a unit's abbreviation.
std::string metrics_text(const Report& report);

}  // namespace stapsh::client::report
