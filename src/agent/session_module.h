// SPDX-License-Identifier: Apache-2.0
// The kernel module of a session, which staprun loads under its file's name, or, with -R, under a name that nobody else
// has: what is loaded of it, and its end.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/session_record.h"

namespace stapsh::agent {

/// Whether staprun with these words gives the module a name of its own (-R). Source: staprun(8).
bool renames_module(std::span<const std::string> staprun_words);

/// Whether the loaded module `name` is the session's: what `staprun -R` makes of its module's name (a beginning of it,
/// "_", the runner's pid); or that name itself, unless the record says that it was renamed. Then the bare name is
/// somebody else's.
bool is_module_of(const SessionRecord& record, std::string_view name);

/// Of the session's module those names that are loaded.
std::vector<std::string> session_modules(const SessionRecord& record);

/// Unloads what is still loaded of the session's module, with `staprun -d`. What stays shows in session_modules().
void unload_modules(const SessionRecord& record);

/// Whether a module of that name is loaded.
bool module_is_loaded(std::string_view name);

}  // namespace stapsh::agent
