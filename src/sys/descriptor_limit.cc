// SPDX-License-Identifier: Apache-2.0
#include "sys/descriptor_limit.h"

#include <algorithm>
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

// A global, as the limit itself is one of the process, and whoever starts a program must know of it.
std::optional<rlim_t> soft_limit_before;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit = descriptor_limits();
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (before == limit.rlim_cur) return before;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return before;
  if (!soft_limit_before) soft_limit_before = before;
  return limit.rlim_cur;
}

std::optional<rlimit> descriptor_limit_of_children() {
  if (!soft_limit_before) return std::nullopt;
  const rlimit ours = descriptor_limits();
  return rlimit{std::min(*soft_limit_before, ours.rlim_cur), ours.rlim_max};
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
