// SPDX-License-Identifier: Apache-2.0
// What options say to each other, when all are known.
#pragma once

#include "base/result.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// kUsage names options that exclude each other, or need another one, and says what to do.
Result<> check_together(const RstapOptions& options);

/// Of these alone: a --dry-run and a doctor write no files of runs.
Result<> check_nothing_replaced(const RstapOptions& options);

/// Of these alone: --resume-failed needs a log.
Result<> check_resume_failed(const OutputOptions& output);

}  // namespace stapsh::client
