// SPDX-License-Identifier: Apache-2.0
// What happened on each target, for a person. Pure.
#pragma once

#include <string>
#include <vector>

#include "client/events/run_result.h"

namespace stapsh::client {

struct ReportOptions {
  bool quiet = false;  ///< Only what failed, and what is left.
  std::string hint;    ///< A line before the totals: what may help.
};

bool is_success(const Outcome& outcome);

/// What became of a target that did not simply succeed: "runner ended with exit code 1", "failed: REASON".
std::string failure_text(const Outcome& outcome);

/// A line for each different thing that is to be said of targets that did not simply succeed, then one line of totals;
/// never more than a screen. Names are safe to show (shown_names.h); all else is made so here.
std::vector<std::string> report_lines(const std::vector<TargetResult>& results, const ReportOptions& options = {});

}  // namespace stapsh::client
