// SPDX-License-Identifier: Apache-2.0
// The kernel module of a session, which staprun loads under its file's name, or, with -R, under a name that nobody else
// has: what is loaded of it, and its end.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/session_record.h"
#include "base/result.h"
#include "protocol/agent_line.h"
#include "sys/child.h"

namespace stapsh::agent {

/// Whether staprun with these words gives the module a name of its own (-R). Source: staprun(8).
bool renames_module(std::span<const std::string> staprun_words);

/// Whether the loaded module `name` is the session's: what `staprun -R` makes of its module's name (a beginning of it,
/// "_", the runner's pid); or that name itself, unless the record says that it was renamed. Then the bare name is
/// somebody else's.
bool is_module_of(const SessionRecord& record, std::string_view name);

/// Of the session's module those names that are loaded. An Error: it can't be looked.
Result<std::vector<std::string>> session_modules(const SessionRecord& record);

/// The state of those, as text that changes while the kernel gets on with one: /proc/modules.
std::string module_states(const SessionRecord& record);

/// `staprun -d` for what is still loaded of a session's module, without waiting for it: to unregister a thousand probes
/// takes its time, and a client wants to hear that it goes on.
class ModuleUnload {
 public:
  /// Begins with the first; false: there is nothing to unload, or nobody who could.
  bool start(const SessionRecord& record);
  /// Who unloads has ended: goes on with the next. False: that was the last. Whether it helped is looked at, not
  /// believed.
  bool advance();
  /// Readable once `staprun -d` has ended.
  [[nodiscard]] int fd() const { return child_.ref().fd(); }

 private:
  std::vector<std::string> modules_;
  sys::Child child_;
};

/// The same for who has nothing else to do. What stays shows in session_modules().
void unload_modules(const SessionRecord& record);
/// Adds those that are loaded still, or that it can't be known.
void look_for_modules(const SessionRecord& record, std::vector<LeftLine>& left);

/// Whether a module of that name is loaded. An Error: it can't be looked; ENOENT: there is no /proc.
Result<bool> module_is_loaded(std::string_view name);

}  // namespace stapsh::agent
