// SPDX-License-Identifier: Apache-2.0
// What whoever must clean up after a session has to know of it: its workspace, and who its runner is. Told to the
// guardian, and kept in a file (record_file.h), before the runner executes: no runner ever lives without one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "sys/cgroup_limits.h"
#include "sys/pid_namespace.h"

namespace stapsh::agent {

/// Of a run whose start was logged (audit_log.h).
struct LoggedRun {
  std::string who{};  ///< Empty: it was not.
  std::string from{}, runner{};
  unsigned line = 0;
  bool operator==(const LoggedRun&) const = default;
};

struct SessionRecord {
  std::string workspace{};            ///< Its path.
  std::string boot{};                 ///< Which life of the machine: see boot_id(). Empty: unknown.
  sys::PidNamespace pid_namespace{};  ///< In which the pids mean something.
  pid_t agent = -1;
  std::uint64_t agent_start = 0;  ///< sys::process_start(): a pid alone may be another's by now.
  pid_t runner = -1;              ///< Also the id of its session (setsid). -1: none was started.
  std::uint64_t runner_start = 0;
  int stop_signal = 0;
  Duration grace{};
  std::string module{};  ///< A kernel module's name without ".ko"; empty if there is none.
  bool renamed = false;  ///< It was loaded under a name of its own alone (staprun -R).
  std::string cgroup{};  ///< Where the session's own cgroup is, if there is one; empty: it can have none.
  LoggedRun logged{};
  bool operator==(const SessionRecord&) const = default;
};

/// Of a session that has no runner yet, of this process, whose runner will be held to `limits`.
SessionRecord begin_record(std::string workspace, const sys::CgroupLimits& limits = {});

constexpr std::size_t kRecordBytesMax = 16'384;  // A path of 4096 bytes needs three each.

/// Lines `KEY VALUE…`, ended by the line `end`. A newer agent may write keys that we don't know.
std::string format_record(const SessionRecord& record);
/// Total. None: it is no record, or not all of one. A key that is not there, or has no sense, stays unknown. What
/// follows `end` does not count.
std::optional<SessionRecord> parse_record(std::string_view text);

/// Of an agent of before, which kept it in the workspace: where it was, and nothing else. None: it is none.
std::optional<SessionRecord> parse_record_of_before(std::string_view text);

/// The end of a record's text, and nowhere else in it.
constexpr std::string_view kRecordEnd = "\nend\n";

/// Which life of this machine it is; empty where it can't be asked. Source: random(4).
std::string boot_id();

/// Where the session of a record is, or was: whether its pids say anything about the processes that we see.
enum class Whereabouts {
  kHere,
  kElsewhere,      ///< In another pid namespace than ours, also in one that had the number of ours before.
  kNamespaceGone,  ///< In one that is gone: of it no process lives, but a module may.
  kBootGone,       ///< In another life of the machine: of it there is nothing but files.
  kUnknown,        ///< Never taken for here.
};
Whereabouts whereabouts(const SessionRecord& record);

}  // namespace stapsh::agent
