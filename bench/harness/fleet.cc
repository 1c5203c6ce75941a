// SPDX-License-Identifier: Apache-2.0
#include "harness/fleet.h"

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "harness/cost.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kHosts = 10'000, kHostsMin = 20;
const std::string kSite = "bench";
// A client's last words may still be on their way when it has ended.
constexpr double kLastWordsSeconds = 5;

}  // namespace

bool has_nats(const std::string& rstap) {
  Process help({.argv = {rstap, "--nats=bench.tls=false", "--version"}, .wire = Wire::kNone});
  return help.wait().exit_code == 0;
}

std::size_t fleet_size(std::size_t rounds_percent) { return std::max(kHosts * rounds_percent / 100, kHostsMin); }

EmulatedFleet::EmulatedFleet(const Site& site, std::size_t hosts, const std::string& scenario, bool tls)
    : site_(site),
      hosts_(hosts),
      broker_(site, tls),
      emulator_({.argv = {site.program("fleet_emulator"), std::to_string(hosts), kSite, broker_.url(), scenario},
                 .wire = Wire::kOutputOnly}) {
  const auto start = now();
  const std::string ready = emulator_.read_line();
  if (ready != "ready " + std::to_string(hosts)) throw BenchError("fleet_emulator says " + ready);
  connected_seconds_ = seconds_since(start);
}

bool EmulatedFleet::are_back() const {
  pollfd said{emulator_.out(), POLLIN, 0};
  return ::poll(&said, 1, 0) == 1 && emulator_.read_line().starts_with("ready ");
}

std::vector<std::string> EmulatedFleet::command(const std::string& rstap, std::vector<std::string> words) const {
  std::vector<std::string> all{
      rstap,
      "--no-config",
      "--nats=" + kSite + ".servers=" + broker_.url(),
      "--nats=" + kSite + (broker_.ca_file().empty() ? ".tls=false" : ".ca=" + broker_.ca_file()),
      "--nats=" + kSite + ".client=bench",
      "--remote=nats://" + kSite + "/*"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

Sample EmulatedFleet::floor(int seconds) const {
  Process floor(
      {.argv = {site_.program("fleet_floor"), std::to_string(hosts_), kSite, broker_.url(), std::to_string(seconds)},
       .wire = Wire::kOutputOnly});
  std::map<std::string, double> said;
  for (const char* name : {"discover-s", "first-s", "stop-s", "said-bytes", "clean", "failed"}) {
    const std::string line = floor.read_line();
    if (!line.starts_with(std::string(name) + " ")) throw BenchError("fleet_floor says " + line);
    said[name] = std::stod(line.substr(line.find(' ')));
  }
  const Usage usage = floor.wait_success();
  return {{"s to find all", said["discover-s"]},
          {"s to the first answer of all", said["discover-s"] + said["first-s"]},
          {"s to stop all", said["stop-s"]},
          {"hosts that failed", said["failed"]},
          {"hosts not clean", static_cast<double>(hosts_) - said["clean"]},
          {"MiB of the client", static_cast<double>(usage.peak_rss_kib) / 1'024},
          {"CPU s of the client", usage.cpu_seconds},
          {"MiB/s that hosts said", said["said-bytes"] / (1U << 20U) / (said["first-s"] + seconds)}};
}

Sample EmulatedFleet::with_costs(const std::function<Sample()>& run) const {
  const Broker::Counts before = broker_.counts();
  const Cost broker = cost_of(broker_.process().pid()), emulator = cost_of(emulator_.pid());
  Sample sample = with_witness(run);
  const Broker::Counts after = broker_.counts();
  const Cost broker_after = cost_of(broker_.process().pid()), emulator_after = cost_of(emulator_.pid());
  sample["MiB of the broker"] = broker_after.peak_mib;
  sample["CPU s of the broker"] = broker_after.cpu_seconds - broker.cpu_seconds;
  sample["MiB of the hosts"] = emulator_after.peak_mib;
  sample["CPU s of the hosts"] = emulator_after.cpu_seconds - emulator.cpu_seconds;
  sample["thousand messages to the broker"] = static_cast<double>(after.messages_in - before.messages_in) / 1e3;
  sample["slow consumers"] = static_cast<double>(after.slow_consumers - before.slow_consumers);
  return sample;
}

Sample EmulatedFleet::with_witness(const std::function<Sample()>& run) const {
  const Sessions before = sessions();
  Sample sample = run();
  const auto ended = now();
  Sessions after = sessions();
  while (after.there() > 0 && seconds_since(ended) < kLastWordsSeconds) {
    (void)::poll(nullptr, 0, 10);
    after = sessions();
  }
  if (after.opened - before.opened < static_cast<double>(hosts_)) throw BenchError("not every host had a session");
  sample["sessions that the hosts still have"] = after.there();
  sample["sessions that broke off, as hosts say"] = after.reset - before.reset;
  return sample;
}

// "connected 10 lost 0 answered 10 …"
EmulatedFleet::Sessions EmulatedFleet::sessions() const {
  emulator_.send_signal(SIGUSR1);
  const std::string line = emulator_.read_line();
  std::istringstream words(line);
  std::map<std::string, double> said;
  std::string name;
  for (double value = 0; words >> name >> value;) said[name] = value;
  if (!said.contains("opened")) throw BenchError("fleet_emulator says " + line);
  return {said["opened"], said["ended"], said["reset"]};
}

}  // namespace stapsh::bench
