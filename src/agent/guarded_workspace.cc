// SPDX-License-Identifier: Apache-2.0
#include "agent/guarded_workspace.h"

#include <utility>

#include "agent/error_advice.h"
#include "agent/session_remains.h"

namespace stapsh::agent {

Result<> GuardedWorkspace::ensure(const std::optional<std::string>& name, const sys::Epoll& epoll,
                                  std::uint64_t guardian_id) {
  if (exists()) return {};
  sys::Workspace workspace = TRY(sys::Workspace::create(sys::default_workspace_parent(), name));
  guardian_ = TRY(Guardian::start(workspace));
  guardian_watch_ = TRY(epoll.add(guardian_.fd(), EPOLLIN, guardian_id));
  workspace_ = std::move(workspace);
  return {};
}

void GuardedWorkspace::note_guardian_gone() {
  guardian_watch_.reset();
  guardian_.note_gone();
}

Error GuardedWorkspace::advised(const Error& error) const {
  return with_advice(error, exists() ? workspace_.path() : sys::default_workspace_parent());
}

Result<> GuardedWorkspace::close(std::vector<LeftLine>& left) {
  Result<> closed = close_workspace(workspace_, left);
  guardian_watch_.reset();
  guardian_.dismiss();
  return closed;
}

}  // namespace stapsh::agent
