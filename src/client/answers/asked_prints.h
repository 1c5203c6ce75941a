// SPDX-License-Identifier: Apache-2.0
// Maps that are printed when SIGUSR1 asks for them, by a bpftrace (0.22 and later) that does so only where a probe of
// the program says it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stapsh::client {

/// `program` with such a probe behind it, on a line of its own, which prints all maps that it makes; no line before
/// that one is another. None: the program makes no map, has a probe for that signal itself, ends in the middle of
/// something, has no probe but BEGIN and END, or makes maps only under conditions that are not known here. Where none
/// of its other probes can be attached, it runs on for that probe alone: who runs it sees to that (attached_probes.h).
std::optional<std::string> with_asked_prints(std::string_view program);

}  // namespace stapsh::client
