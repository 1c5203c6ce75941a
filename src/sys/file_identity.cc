// SPDX-License-Identifier: Apache-2.0
#include "sys/file_identity.h"

#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

namespace stapsh::sys {
namespace {

constexpr int kDumpableForRoot = 2;  // Only the kernel sets it.

__user_cap_header_struct header() { return {_LINUX_CAPABILITY_VERSION_3, 0}; }

}  // namespace

// Another file user than 0 takes those capabilities away that are about files: the caller's own stay.
FileIdentity::FileIdentity(uid_t user, gid_t group) : dumpable_(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) {
  __user_cap_header_struct asked = header();
  (void)::syscall(SYS_capget, &asked, capabilities_.data());  // Of ourselves it can't fail.
  parent_ = ::getppid();
  (void)::prctl(PR_GET_PDEATHSIG, &parent_death_signal_);
  group_ = static_cast<gid_t>(::setfsgid(group));
  user_ = static_cast<uid_t>(::setfsuid(user));
  restore_capabilities();
}

// Each change has hidden our /proc from other processes of our user, and our core from everybody (or, by
// fs.suid_dumpable, from nobody), and has taken the signal for a parent's death back.
FileIdentity::~FileIdentity() {
  (void)::setfsuid(user_);
  (void)::setfsgid(group_);
  restore_capabilities();
  if (dumpable_ != kDumpableForRoot) (void)::prctl(PR_SET_DUMPABLE, dumpable_, 0, 0, 0);
  if (parent_death_signal_ == 0) return;
  (void)::prctl(PR_SET_PDEATHSIG, parent_death_signal_);
  // For who has died meanwhile the kernel has sent none.
  if (::getppid() != parent_) (void)::kill(::getpid(), parent_death_signal_);
}

void FileIdentity::restore_capabilities() {
  __user_cap_header_struct asked = header();
  (void)::syscall(SYS_capset, &asked, capabilities_.data());  // None of them is more than we have.
}

}  // namespace stapsh::sys
