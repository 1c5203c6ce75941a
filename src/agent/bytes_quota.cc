// SPDX-License-Identifier: Apache-2.0
#include "agent/bytes_quota.h"

#include <string>

namespace stapsh::agent {

std::uint64_t BytesQuota::taken() const {
  std::uint64_t sum = 0;
  for (const Counter& each : all_) sum += each.load();
  return sum;
}

Result<> BytesQuota::check(std::uint64_t bytes) const {
  if (own_ == nullptr) return {};
  const std::uint64_t before = taken();
  if (before <= max_ && bytes <= max_ - before) return {};
  return fail(Errc::kLimit, "the files of all sessions here would be over workspaces-bytes-max (" +
                                std::to_string(max_) +
                                "); try again when others have ended, or start stapsh with a higher "
                                "--workspaces-bytes-max");
}

Result<> BytesQuota::take(std::uint64_t bytes) {
  if (own_ == nullptr) return {};
  own_->fetch_add(bytes);
  Result<> fits = check(0);
  if (!fits) give_back(bytes);
  return fits;
}

void BytesQuota::give_back(std::uint64_t bytes) {
  if (own_ != nullptr) own_->fetch_sub(bytes);
}

}  // namespace stapsh::agent
