// SPDX-License-Identifier: Apache-2.0
// A private view of the file system for one program and its descendants: systemtap's programs look for each other at
// fixed paths, so a test puts ours, or a wrapper, there with a mount that nobody else sees and that ends with them.
// With it goes the limit on locked memory, which stapbpf insists on raising and a container often may not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stapsh::real {

class MountNamespace {
 public:
  /// `scratch` is a folder for mount points; beside it is Scratch::records(), which is /run/stapsh in here.
  explicit MountNamespace(std::string scratch) : scratch_(std::move(scratch)) {}

  /// `path` shows `with`. A path of /usr/bin that does not exist is made to exist, by an overlay.
  MountNamespace& replace(std::string_view path, std::string_view with);
  /// `path`, an existing file of /usr/bin, is gone.
  MountNamespace& hide(std::string_view path);
  /// An empty memory file system of so many KiB on `path`.
  MountNamespace& small_disk(std::string_view path, std::size_t kib);
  /// /etc/stapsh is that folder; the machine's own /etc stays as it is.
  MountNamespace& policy_folder(std::string_view folder);
  /// What logs there are is in that folder: `systemd` is /run/systemd, `log` is /run/log, and `syslog` /dev/log.
  /// Nothing there: there is no log.
  MountNamespace& log_folder(std::string_view folder);
  /// The folder `path` as it is, but with this option: `noexec`, `ro`.
  MountNamespace& restrict(std::string_view path, std::string_view option);
  /// /run can't be written and has no folder for records.
  MountNamespace& read_only_run();
  /// The kernel's tracing folders, which a container often lacks.
  MountNamespace& tracing();
  /// "Raise RLIMIT_MEMLOCK" succeeds for all that runs in here.
  MountNamespace& lift_memlock_limit();
  /// `argv` started in a new namespace; the pid stays the one that is started.
  std::vector<std::string> wrap(std::vector<std::string> argv) const;

 private:
  std::string scratch_;
  std::string hidden_, missing_, mounts_, starter_;  // Shell text, in this order.
};

}  // namespace stapsh::real
