// SPDX-License-Identifier: Apache-2.0
#include "client/events/run_result.h"

#include <algorithm>

namespace stapsh::client {
namespace {

int code_of(const Outcome& outcome, int stopped_code) {
  switch (outcome.kind) {
    case Outcome::Kind::kEnded:
      return outcome.exit_code.value_or(outcome.has_output ? 0 : kFailedCode);
    case Outcome::Kind::kStopped:
      return stopped_code;
    case Outcome::Kind::kFailed:
      break;
  }
  return kFailedCode;
}

}  // namespace

bool is_failure(const Outcome& outcome) { return code_of(outcome, 0) != 0; }

int exit_code_of(const std::vector<TargetResult>& results, int stopped_code, CodeRule rule) {
  int code = 0;
  for (const TargetResult& result : results) {
    // Nothing is asked after the first failure: a stopped one's code may be 0.
    const bool failed = result.outcome.kind != Outcome::Kind::kEnded;
    const int own = code_of(result.outcome, stopped_code);
    if (rule == CodeRule::kFirst && (failed || own != 0)) return own;
    code = std::max(code, own);
  }
  return code;
}

}  // namespace stapsh::client
