// SPDX-License-Identifier: Apache-2.0
// For a moment, whose files are that this process makes, and which groups it may give its own to. So a file becomes
// another user's without the right to give away any file (CAP_CHOWN). Source: credentials(7), capabilities(7).
#pragma once

#include <linux/capability.h>
#include <sys/types.h>

#include <array>

namespace stapsh::sys {

/// While it lives: by setfsuid(2) and setfsgid(2), with the capabilities of before. Who may signal or trace this
/// process stays the same, and so does the signal that its parent's death sends it: at the latest at the end. Needs
/// CAP_SETUID and CAP_SETGID; where the kernel refuses, nothing changes: look at what was made. One inside the life of
/// another ends before it.
class FileIdentity {
 public:
  FileIdentity(uid_t user, gid_t group);
  ~FileIdentity();
  FileIdentity(const FileIdentity&) = delete;
  FileIdentity& operator=(const FileIdentity&) = delete;

 private:
  using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;
  void restore_capabilities();

  Capabilities capabilities_{};
  int dumpable_;
  int parent_death_signal_ = 0;
  pid_t parent_ = 0;
  uid_t user_;
  gid_t group_;
};

}  // namespace stapsh::sys
