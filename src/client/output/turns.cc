// SPDX-License-Identifier: Apache-2.0
#include "client/output/turns.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace stapsh::client {
namespace {

std::string_view bytes_of(const Event& event) {
  const auto* output = std::get_if<event::Output>(&event.what);
  return output != nullptr ? output->bytes : std::string_view();
}

// Whether what `next` says may be told together with `last`: nobody asks for the time of either.
bool continues(const Event& last, const Event& next) {
  const auto* a = std::get_if<event::Output>(&last.what);
  const auto* b = std::get_if<event::Output>(&next.what);
  return a != nullptr && b != nullptr && a->stream == b->stream && !a->time && !b->time;
}

}  // namespace

void Turns::add(const Event& event) {
  release(event.at);
  const std::size_t target = *event.target;
  const bool at_once = floods(event);
  if (may_speak(target, event.at)) return speak(event);
  if (at_once) {
    pass_held(target);
    return speak(event);
  }
  hold(event);
  if (waiting_bytes_ > kHeldBytesMax) release_all();
}

bool Turns::floods(const Event& event) {
  Target& target = targets_[*event.target];
  if (event.at >= target.last + kGap) target.block_bytes = 0;
  target.last = event.at;
  target.block_bytes += bytes_of(event).size();
  return target.block_bytes > kBlockBytesMax;
}

bool Turns::may_speak(std::size_t target, WallTime now) const {
  if (!targets_[target].held.empty()) return false;
  return speaker_.value_or(target) == target || now >= spoke_at_ + kGap;
}

void Turns::speak(const Event& event) {
  spoke_at_ = event.at;
  speaker_ = event.target;
  if (std::holds_alternative<event::Ended>(event.what)) speaker_.reset();
  pass_(event);
}

void Turns::hold(const Event& event) {
  Target& target = targets_[*event.target];
  const std::size_t before = target.memory_bytes();
  if (target.held.empty()) {
    waiting_.push_back(*event.target);
    target.since = event.at;
  }
  const std::string_view bytes = bytes_of(event);
  target.bytes += bytes;
  if (!target.held.empty() && continues(target.held.back().event, event)) {
    target.held.back().bytes += bytes.size();
  } else {
    target.held.push_back({event, bytes.size()});
  }
  waiting_bytes_ += target.memory_bytes() - before;
}

// The target has its turn.
void Turns::pass_held(std::size_t target) {
  const auto waits = std::ranges::find(waiting_, target);
  if (waits == waiting_.end()) return;
  waiting_.erase(waits);
  Target& from = targets_[target];
  waiting_bytes_ -= from.memory_bytes();
  const std::vector<Held> held = std::exchange(from.held, {});
  const std::string said = std::exchange(from.bytes, {});
  std::string_view rest = said;
  for (const Held& each : held) {
    Event event = each.event;
    if (auto* output = std::get_if<event::Output>(&event.what)) output->bytes = rest.substr(0, each.bytes);
    rest.remove_prefix(each.bytes);
    speak(event);
  }
  spoke_at_ = from.last;
}

void Turns::release(WallTime now) {
  // A clock that was set back would have them wait until it comes here again.
  if (now + kWait < spoke_at_) {
    release_all();
    speaker_.reset();
  }
  for (auto due = next_release(); due && *due <= now; due = next_release()) pass_held(waiting_.front());
}

void Turns::release_all() {
  while (!waiting_.empty()) pass_held(waiting_.front());
}

std::optional<WallTime> Turns::next_release() const {
  if (waiting_.empty()) return std::nullopt;
  const WallTime waited = targets_[waiting_.front()].since + kWait;
  return speaker_ ? std::min(spoke_at_ + kGap, waited) : targets_[waiting_.front()].since;
}

}  // namespace stapsh::client
