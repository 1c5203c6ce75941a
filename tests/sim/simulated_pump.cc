// SPDX-License-Identifier: Apache-2.0
#include "simulated_pump.h"

#include <algorithm>

namespace stapsh::sim {
namespace {

constexpr Duration kHangupPatience = std::chrono::seconds(60);

}  // namespace

std::uint64_t SimulatedPump::begin(std::uint64_t send_until) {
  const bool is_client = side_ == broker::Stream::Side::kClient;
  const std::uint64_t first = is_client ? pool_.base() : broker::Stream::kFirstCredit;
  share_ = pool_.open(first);
  stream_.emplace(side_, send_until, first);
  return first;
}

void SimulatedPump::read(Random& random) {
  if (in_.at_end()) {
    publish_(stream_->send_end());
    return finish_if_done();
  }
  const std::string bytes = in_.read(random.between(1, std::min(stream_->sendable(), in_.size())));
  taken += bytes;
  publish_(stream_->send(bytes));
}

// Where nobody reads any more it is used up as well: whoever sends it need not wait for that.
void SimulatedPump::write(Random& random) {
  std::size_t count = held_.size();
  if (!hung_up()) {
    count = out_.write(std::string_view(held_).substr(0, random.between(1, held_.size())));
    given.append(held_, 0, count);
  }
  held_.erase(0, count);
  if (const std::optional<broker::Credit> credit = pool_.use(*stream_, share_, count); credit && !is_reset_)
    publish_(*credit);
  finish_if_done();
}

void SimulatedPump::receive(const broker::Message& message) {
  if (is_reset_) return;
  const Result<broker::Stream::Arrival> arrival = stream_->receive(message);
  if (!arrival) {
    if (!std::holds_alternative<broker::Reset>(message)) publish_(broker::Reset{arrival.error().what});
    return end(arrival.error().what);
  }
  held_ += arrival->bytes;
  if (held_.size() > stream_->outstanding()) breach = "more is held than there was credit for";
  finish_if_done();
}

std::optional<TimePoint> SimulatedPump::next_timer() const {
  if (!lives() || !hung_up()) return std::nullopt;
  return hung_up_at_ ? *hung_up_at_ + kHangupPatience : TimePoint{};
}

void SimulatedPump::on_timer(TimePoint now) {
  if (!lives() || !hung_up()) return;
  if (!hung_up_at_) hung_up_at_ = now;
  if (now < *hung_up_at_ + kHangupPatience) return;
  publish_(broker::Reset{"it has gone"});
  end("it has gone");
}

void SimulatedPump::finish_if_done() {
  if (stream_->has_received_end() && held_.empty()) out_.close();
  const bool is_done = is_reset_ || (stream_->has_received_end() && stream_->has_sent_end());
  if (is_done && held_.empty()) close();
}

void SimulatedPump::end(const std::string& reason) {
  if (!lives()) return;
  is_reset_ = true;
  // Behind an end there is nothing that could be missing.
  if (!stream_->has_received_end()) reason_ = reason;
  in_.break_off();
  finish_if_done();
}

void SimulatedPump::close() {
  over_ = true;
  pool_.close(*stream_);
  out_.close();
  in_.break_off();
}

}  // namespace stapsh::sim
