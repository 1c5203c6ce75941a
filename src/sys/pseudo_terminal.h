// SPDX-License-Identifier: Apache-2.0
// A terminal that nobody sits at, for a program that says a line before it leaves by _exit(2): into a pipe the C
// library would write what is buffered only at an exit(3).
#pragma once

#include "base/result.h"
#include "sys/pipe.h"

namespace stapsh::sys {

/// What is written to the one end comes out of the other, which does not wait; at the end of all writers it fails with
/// EIO. Errors: there is no /dev/ptmx, for example.
Result<Pipe> make_pseudo_terminal();

}  // namespace stapsh::sys
