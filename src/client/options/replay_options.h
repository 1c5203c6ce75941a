// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/options/rstap_options.h"

namespace stapsh::client {

/// Of `rstap replay`.
struct ReplayOptions {
  bool show_help = false;
  std::string file;  ///< "-": standard input.
  OutputOptions output;
};

}  // namespace stapsh::client
