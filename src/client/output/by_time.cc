// SPDX-License-Identifier: Apache-2.0
#include "client/output/by_time.h"

#include <algorithm>

namespace stapsh::client {
namespace {

// What holding some lines costs beside their bytes.
constexpr std::size_t kEntryBytes = 128;

}  // namespace

void ByTime::add(WallTime time, WallTime came, std::string_view lines) {
  if (lines.empty()) return;
  if (gone_ && time <= *gone_) {
    if (time < *gone_) late_lines_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
    return out_.append(lines);
  }
  held_.emplace(time, lines);
  waits_.push_back({came + window_, time});
  held_bytes_ += lines.size();
  while (memory_bytes() > held_bytes_max_ && !held_.empty()) release_up_to(held_.begin()->first);
}

std::size_t ByTime::memory_bytes() const { return held_bytes_ + (held_.size() + waits_.size()) * kEntryBytes; }

void ByTime::release(WallTime now) {
  while (!waits_.empty() && waits_.front().over_at < now) release_up_to(waits_.front().time);
}

void ByTime::start_anew() {
  if (!held_.empty()) release_up_to(held_.rbegin()->first);
  gone_.reset();
}

std::optional<WallTime> ByTime::next_release() const {
  if (waits_.empty()) return std::nullopt;
  return waits_.front().over_at + WallTime(1);
}

void ByTime::release_up_to(WallTime time) {
  const auto end = held_.upper_bound(time);
  for (auto at = held_.begin(); at != end; at = held_.erase(at)) {
    out_.append(at->second);
    held_bytes_ -= at->second.size();
  }
  gone_ = time;
  while (!waits_.empty() && waits_.front().time <= time) waits_.pop_front();
}

}  // namespace stapsh::client
