// SPDX-License-Identifier: Apache-2.0
#include "agent/stopped_watch.h"

#include "sys/process_tree.h"

namespace stapsh::agent {

bool StoppedWatch::look() {
  const bool stopped = sys::is_stopped(pid_);
  return count(stopped, stopped && sys::has_terminal(pid_));
}

bool StoppedWatch::count(bool stopped, bool has_terminal) {
  looks_ = stopped ? looks_ + 1 : 0;
  return looks_ >= (has_terminal ? kLooksWithTerminal : kLooks);
}

}  // namespace stapsh::agent
