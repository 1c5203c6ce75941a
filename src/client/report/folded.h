// SPDX-License-Identifier: Apache-2.0
// Stacks in the folded format that flamegraph.pl and speedscope read: HOST;COMM;FRAME;FRAME COUNT, a line for each.
// Pure.
#pragma once

#include <string>

#include "client/report/report.h"

namespace stapsh::client::report {

/// Of all maps whose keys are stacks and whose values are numbers above 0; the outermost frame first. Where there are
/// several such maps, their name follows the host. A semicolon, a backslash and what is no text are written as \xNN.
/// Frames are without offsets; lines that are then equal are one. Sorted by hosts, then by stacks.
std::string folded_stacks(const Report& report);

}  // namespace stapsh::client::report
