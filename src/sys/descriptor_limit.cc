// SPDX-License-Identifier: Apache-2.0
#include "sys/descriptor_limit.h"

#include <sys/resource.h>

#include <cerrno>
#include <string>
#include <utility>

namespace stapsh::sys {
namespace {

rlimit descriptor_limits() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {RLIM_INFINITY, RLIM_INFINITY};
  return limit;
}

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit = descriptor_limits();
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

Error with_descriptor_advice(Error error) {
  if (error.sys_errno == EMFILE) {
    error.what += "; a process may have " + std::to_string(descriptor_limits().rlim_cur) +
                  " files open here (ulimit -Hn): raise that, or take fewer targets at once";
  }
  if (error.sys_errno == ENFILE) {
    error.what += "; all of this machine may have no more files open (sysctl fs.file-max): raise that";
  }
  return error;
}

}  // namespace stapsh::sys
