// SPDX-License-Identifier: Apache-2.0
// One run from one seed: both ends, two links (or, over a broker, four, and what is between them), a person. Each step
// does one thing that could happen now; after each, what must always hold is checked, and at the end what must hold
// then.
#pragma once

#include <optional>
#include <string>

#include "broker_path.h"
#include "simulated_agent.h"
#include "simulated_client.h"

namespace stapsh::sim {

class World {
 public:
  explicit World(std::uint64_t seed);
  /// The two ends meet at a broker. The pools are those that their relay and their link give credit of.
  World(std::uint64_t seed, broker::CreditPool& relays, broker::CreditPool& links);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Runs to the end. The rule that was broken; empty if none was.
  std::string run();
  /// A step of it. The same when it is over; none: it goes on.
  std::optional<std::string> advance();
  /// Over a broker: the path that the bytes take.
  [[nodiscard]] const BrokerPath& path() const { return *path_; }
  /// What both ends did.
  [[nodiscard]] std::string story() const;

 private:
  static constexpr int kStepsMax = 300'000;

  World(Plan plan, std::uint64_t seed, bool is_direct);
  void start();
  bool step();
  TransportEnd end_of_transport() const;
  [[nodiscard]] bool stalled() const;
  void pass_time(bool anything_else);
  void happen();
  void close_what_ended();
  std::string check_always() const;
  std::string check_end() const;
  std::string check_success() const;
  [[nodiscard]] bool over() const { return client_.outcome() && agent_.exited(now_) && (!path_ || path_->over()); }
  [[nodiscard]] std::optional<TimePoint> next_event() const;

  Plan plan_;
  Random random_;
  TimePoint now_{};
  Link to_agent_, to_client_;
  Link from_client_, from_agent_;  // Over a broker; else these are the same as the two above.
  std::optional<BrokerPath> path_;
  bool is_direct_;
  bool started_ = false;
  int steps_ = 0;
  SimulatedAgent agent_;
  SimulatedClient client_;
  std::size_t stops_said_ = 0;
  TimePoint stop_said_at_{};  // The last.
  bool fault_happened_ = false;
  bool given_up_ = false;
};

}  // namespace stapsh::sim
