// SPDX-License-Identifier: Apache-2.0
// Whether a text is a bpftrace program: it says so itself, or looks like one. Pure.
#pragma once

#include <string_view>

namespace stapsh::client {

/// By its first line, as the kernel would run it: "#!/usr/bin/env bpftrace".
bool says_bpftrace(std::string_view text);

/// By a line that begins as bpftrace's probes do, and systemtap's never: for a hint, not for a decision.
bool looks_like_bpftrace(std::string_view text);

}  // namespace stapsh::client
