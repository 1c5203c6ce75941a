// SPDX-License-Identifier: Apache-2.0
#include "agent/reply_reading.h"

#include <algorithm>

#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(1);

}  // namespace

std::optional<TimePoint> ReplyReading::look(TimePoint now) {
  if (!relayed_at_ && sys::bytes_unread(out_) == 0) relayed_at_ = now + kRelayPause;
  const TimePoint end = std::min(limit_, relayed_at_.value_or(limit_));
  if (now >= end) return std::nullopt;
  return relayed_at_ ? end : std::min(end, now + kLookEvery);
}

}  // namespace stapsh::agent
