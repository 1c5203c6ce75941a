// SPDX-License-Identifier: Apache-2.0
#include "client/answers/map_kind.h"

namespace stapsh::client {

std::string_view kind_name(MapKind kind) {
  switch (kind) {
    case MapKind::kCount:
      return "count";
    case MapKind::kSum:
      return "sum";
    case MapKind::kMin:
      return "min";
    case MapKind::kMax:
      return "max";
    case MapKind::kAvg:
      return "avg";
    case MapKind::kStats:
      return "stats";
    case MapKind::kHist:
      return "hist";
    case MapKind::kLhist:
      return "lhist";
    case MapKind::kOther:
      break;
  }
  return "other";
}

}  // namespace stapsh::client
