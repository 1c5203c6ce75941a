// SPDX-License-Identifier: Apache-2.0
#include "client/run/target_run.h"

#include "client/run/internal_error.h"

namespace stapsh::client {
namespace {

// Who is told may be who threw: then the others are told of what comes next.
template <typename Work>
void try_to(Work work) noexcept {
  try {
    work();
  } catch (...) {
    // The outcome says it.
  }
}

}  // namespace

void TargetRun::end_by(const std::exception_ptr& bug) {
  Outcome failed = internal_error(bug);
  if (progress_.outcome()) {
    failed.remains = progress_.outcome()->remains;
    failed.left = progress_.outcome()->left;
  }
  progress_.force_outcome(std::move(failed));
  try_to([&] { progress_.lose_gate(); });
  try_to([&] { progress_.set_state(TargetState::kFailed); });
  try_to([&] { settle(); });
  try_to([&] { progress_.emit_end(); });
}

}  // namespace stapsh::client
