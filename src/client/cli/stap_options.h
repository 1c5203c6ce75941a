// SPDX-License-Identifier: Apache-2.0
// What stap's options do with their values.
#pragma once

#include <string>

#include "base/result.h"
#include "client/options/option_table.h"
#include "client/options/rstap_options.h"

namespace stapsh::client {

/// Checks `value` and puts it into `options`. The error does not name the option.
Result<> take_stap_option(RstapOptions& options, OptionId id, const std::string& value);

}  // namespace stapsh::client
