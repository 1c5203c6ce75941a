// SPDX-License-Identifier: Apache-2.0
#include "sys/file_identity.h"

#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace stapsh::sys {
namespace {

__user_cap_header_struct header() { return {_LINUX_CAPABILITY_VERSION_3, 0}; }

}  // namespace

// Another file user than 0 takes those capabilities away that are about files: the caller's own stay.
FileIdentity::FileIdentity(uid_t user, gid_t group) : dumpable_(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) {
  __user_cap_header_struct asked = header();
  (void)::syscall(SYS_capget, &asked, capabilities_.data());  // Of ourselves it can't fail.
  group_ = static_cast<gid_t>(::setfsgid(group));
  user_ = static_cast<uid_t>(::setfsuid(user));
  restore_capabilities();
}

FileIdentity::~FileIdentity() {
  (void)::setfsuid(user_);
  (void)::setfsgid(group_);
  restore_capabilities();
  // Each change has hidden our /proc from other processes of our user, and our core from everybody.
  if (dumpable_ == 1) (void)::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void FileIdentity::restore_capabilities() {
  __user_cap_header_struct asked = header();
  (void)::syscall(SYS_capset, &asked, capabilities_.data());  // None of them is more than we have.
}

}  // namespace stapsh::sys
