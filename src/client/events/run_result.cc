// SPDX-License-Identifier: Apache-2.0
#include "client/events/run_result.h"

namespace stapsh::client {

int exit_code_of(const std::vector<TargetResult>& results, int stopped_code) {
  for (const TargetResult& result : results) {
    switch (result.outcome.kind) {
      case Outcome::Kind::kEnded:
        if (!result.outcome.exit_code && !result.outcome.has_output) return kFailedCode;
        if (result.outcome.exit_code.value_or(0) != 0) return *result.outcome.exit_code;
        break;
      case Outcome::Kind::kStopped:
        return stopped_code;
      case Outcome::Kind::kFailed:
        return kFailedCode;
    }
  }
  return 0;
}

}  // namespace stapsh::client
