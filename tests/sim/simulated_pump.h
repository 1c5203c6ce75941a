// SPDX-License-Identifier: Apache-2.0
// One end of a session that goes through a broker, as relay and link keep it: a socket, which is two Links here, and a
// broker::Stream. Each public method is one thing that an event loop could do now.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "broker/credit_pool.h"
#include "broker/stream.h"
#include "link.h"
#include "random.h"

namespace stapsh::sim {

class SimulatedPump {
 public:
  using Publish = std::function<void(const broker::Message& message)>;

  /// `in`: what our neighbour writes; `out`: what it reads.
  SimulatedPump(broker::Stream::Side side, broker::CreditPool& pool, Link& in, Link& out, Publish publish)
      : side_(side), pool_(pool), in_(in), out_(out), publish_(std::move(publish)) {}

  /// Returns what the other end may send at first.
  std::uint64_t begin(std::uint64_t send_until);
  [[nodiscard]] bool begun() const { return stream_.has_value(); }
  /// It began, and is not over.
  [[nodiscard]] bool lives() const { return stream_ && !over_; }

  [[nodiscard]] bool can_read() const {
    return lives() && !is_reset_ && stream_->sendable() > 0 && (!in_.empty() || in_.at_end());
  }
  void read(Random& random);
  [[nodiscard]] bool can_write() const { return lives() && !held_.empty() && (out_.room() > 0 || hung_up()); }
  void write(Random& random);
  /// Learns that nobody reads there any more.
  [[nodiscard]] bool can_see_hangup() const { return lives() && hung_up() && (is_reset_ || stream_->has_sent_end()); }
  void see_hangup() { close(); }
  /// Our neighbour has gone, and the rest of what it wrote waits for credit that may never come.
  [[nodiscard]] std::optional<TimePoint> next_timer() const;
  void on_timer(TimePoint now);
  void receive(const broker::Message& message);
  /// The session is over. What came before is still written, and the socket is closed behind it.
  void end(const std::string& reason);

  [[nodiscard]] std::uint64_t outstanding() const { return lives() ? stream_->outstanding() : 0; }
  /// Why it was over before both directions had ended.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  /// All that was read of the socket, and all that was written there.
  std::string taken, given;
  std::string breach;

 private:
  [[nodiscard]] bool hung_up() const { return out_.broken(); }
  void finish_if_done();
  void close();

  broker::Stream::Side side_;
  broker::CreditPool& pool_;
  Link& in_;
  Link& out_;
  Publish publish_;
  std::optional<broker::Stream> stream_;
  broker::CreditPool::Share share_;
  std::string held_;
  std::string reason_;
  bool is_reset_ = false, over_ = false;
  std::optional<TimePoint> hung_up_at_;
};

}  // namespace stapsh::sim
