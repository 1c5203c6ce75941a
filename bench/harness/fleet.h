// SPDX-License-Identifier: Apache-2.0
// A broker and emulated hosts behind it (bench/fleet), and a client that drops what it gets. Each is a process of its
// own: what it costs is told apart.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/broker.h"
#include "harness/measure.h"
#include "harness/process.h"
#include "harness/site.h"

namespace stapsh::bench {

class EmulatedFleet {
 public:
  /// Returns when all hosts are connected. `scenario`: what their runners say, see fleet_emulator.
  EmulatedFleet(const Site& site, std::size_t hosts, const std::string& scenario, bool tls = false);

  [[nodiscard]] std::size_t hosts() const { return hosts_; }
  [[nodiscard]] double connected_seconds() const { return connected_seconds_; }
  [[nodiscard]] Broker& broker() { return broker_; }
  /// True, once, when all hosts have connected again behind a broker's end.
  [[nodiscard]] bool are_back() const;

  /// The command line of an rstap that has all of them as targets, with further words.
  [[nodiscard]] std::vector<std::string> command(const std::string& rstap, std::vector<std::string> words) const;
  /// fleet_floor, for so many seconds behind the first answer of all. Who runs it wraps it in with_costs().
  [[nodiscard]] Sample floor(int seconds) const;
  /// What broker and hosts did and used meanwhile, beside the client's numbers.
  [[nodiscard]] Sample with_costs(const std::function<Sample()>& run) const;
  /// How the sessions of that run ended, as the hosts say: they are the witness of what a client says of them.
  [[nodiscard]] Sample with_witness(const std::function<Sample()>& run) const;

 private:
  struct Sessions {
    double opened = 0, ended = 0, reset = 0;
    [[nodiscard]] double there() const { return opened - ended - reset; }
  };
  [[nodiscard]] Sessions sessions() const;

  const Site& site_;
  std::size_t hosts_;
  Broker broker_;
  Process emulator_;
  double connected_seconds_ = 0;
};

/// An rstap that was built without it does not know the word.
bool has_nats(const std::string& rstap);
/// Of 10,000 hosts, at --rounds 100.
std::size_t fleet_size(std::size_t rounds_percent);

}  // namespace stapsh::bench
