// SPDX-License-Identifier: Apache-2.0
// One cell for real: a session brought to a phase and held there, what happens to it, and what is left of it.
#pragma once

#include <string>
#include <vector>

#include "table.h"
#include "world.h"

namespace stapsh::matrix {

struct CellResult {
  std::vector<std::string> faults;  ///< Empty: passed.
  long milliseconds = 0;            ///< From the event to the end of everything.
  int exit_code = -1;               ///< The client's.
};

CellResult run_cell(const Cell& cell, World& world);

}  // namespace stapsh::matrix
