// SPDX-License-Identifier: Apache-2.0
// 10,000 hosts behind a nats-server: they are found, a script is sent to each and run, each prints a map of 100 keys a
// second, and after some of these all are stopped. The hosts are one process (bench/fleet), and so is the floor: a
// client that drops what it gets. What each part costs is told apart. Once each: it takes a minute.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <unordered_set>
#include <vector>

#include "cases/cases.h"
#include "harness/broker.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kHosts = 10'000;
constexpr int kSeconds = 5;  // Of maps, behind the first of all.
constexpr double kKibOfMib = 1'024;
constexpr std::string_view kSite = "bench";
const std::string kProgram = "profile:hz:99 { @[comm] = count(); } interval:s:1 { print(@); }";

// Of a process that still runs.
struct Cost {
  double peak_mib = 0, cpu_seconds = 0;
};

// A size of /proc/PID/status: "VmHWM:", "VmRSS:".
double status_mib(pid_t pid, std::string_view name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return static_cast<double>(std::stol(line.substr(name.size()))) / kKibOfMib;
  }
  return 0;
}

double resident_mib(pid_t pid) { return status_mib(pid, "VmRSS:"); }

Cost cost_of(pid_t pid) {
  Cost cost;
  cost.peak_mib = status_mib(pid, "VmHWM:");
  std::stringstream text;
  text << std::ifstream("/proc/" + std::to_string(pid) + "/stat").rdbuf();
  const std::string all = text.str();
  std::istringstream words(all.substr(std::min(all.rfind(')'), all.size())));
  std::string word;
  for (int i = 0; i < 12; ++i) words >> word;  // Up to the field before utime.
  double user = 0, system = 0;
  words >> user >> system;
  cost.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return cost;
}

// rstap's relay, of all its children the one that lives as long.
pid_t first_child(pid_t parent) {
  const std::string number = std::to_string(parent);
  std::ifstream children("/proc/" + number + "/task/" + number + "/children");
  pid_t child = 0;
  children >> child;
  return child;
}

class Fleet {
 public:
  Fleet(const Site& site, std::size_t hosts)
      : site_(site),
        hosts_(hosts),
        broker_(site),
        emulator_({.argv = {site.program("fleet_emulator"), std::to_string(hosts), std::string(kSite), broker_.url()},
                   .wire = Wire::kOutputOnly}) {
    const auto start = now();
    const std::string ready = emulator_.read_line();
    if (ready != "ready " + std::to_string(hosts)) throw BenchError("fleet_emulator says " + ready);
    connected_seconds_ = seconds_since(start);
  }

  [[nodiscard]] double connected_seconds() const { return connected_seconds_; }

  Sample run_floor() {
    return with_costs([&] { return floor(); });
  }
  Sample run_rstap(const std::string& rstap) {
    return with_costs([&] { return client(rstap); });
  }

 private:
  // What broker and hosts did and used meanwhile, beside the client's numbers.
  template <typename Run>
  Sample with_costs(const Run& run) {
    const Broker::Counts before = broker_.counts();
    const Cost broker = cost_of(broker_.process().pid()), emulator = cost_of(emulator_.pid());
    Sample sample = run();
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

  Sample floor() const {
    Process floor({.argv = {site_.program("fleet_floor"), std::to_string(hosts_), std::string(kSite), broker_.url(),
                            std::to_string(kSeconds)},
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
            {"hosts not clean", static_cast<double>(hosts_) - said["clean"]},
            {"MiB of the client", static_cast<double>(usage.peak_rss_kib) / kKibOfMib},
            {"CPU s of the client", usage.cpu_seconds}};
  }

  std::vector<std::string> words(const std::string& rstap, std::vector<std::string> more) const {
    const std::string site(kSite);
    std::vector<std::string> all{rstap,
                                 "--no-config",
                                 "--nats=" + site + ".servers=" + broker_.url(),
                                 "--nats=" + site + ".tls=false",
                                 "--nats=" + site + ".client=bench",
                                 "--remote=nats://" + site + "/*"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Sample client(const std::string& rstap) const {
    auto start = now();
    Process list({.argv = words(rstap, {"--list-hosts"}), .wire = Wire::kOutputOnly});
    (void)list.read_to_end();
    (void)list.wait_success();
    const double found = seconds_since(start);
    start = now();
    Process client({.argv = words(rstap, {"--label", "--bpftrace", "-e", kProgram}), .wire = Wire::kOutputOnly});
    read_until(
        client, [this](std::size_t hosts) { return hosts == hosts_; }, 120);
    const double first = seconds_since(start);
    const pid_t relay_pid = first_child(client.pid());
    const double before = resident_mib(client.pid()) + resident_mib(relay_pid);
    read_until(
        client, [](std::size_t) { return false; }, kSeconds);
    const double growth = resident_mib(client.pid()) + resident_mib(relay_pid) - before;
    const Cost relay = cost_of(relay_pid);
    start = now();
    client.send_signal(SIGINT);
    (void)client.read_to_end();
    const Usage usage = client.wait_success();
    const double stopped = seconds_since(start);
    const std::string said = last_errors();
    const bool clean = said.find(std::to_string(hosts_) + " succeeded; all clean") != std::string::npos;
    return {{"s to find all", found},
            {"s to the first answer of all", first},
            {"s to stop all", stopped},
            {"hosts not clean", clean ? 0 : static_cast<double>(hosts_)},
            {"MiB of the client", static_cast<double>(usage.peak_rss_kib) / kKibOfMib + relay.peak_mib},
            {"MiB of its relay", relay.peak_mib},
            {"MiB that it grew behind the first answer", growth},
            {"CPU s of the client", usage.cpu_seconds + relay.cpu_seconds},
            {"CPU s of its relay", relay.cpu_seconds}};
  }

  // Reads labelled lines until `is_enough` of the number of hosts that have printed a map, or for so many seconds.
  template <typename Enough>
  void read_until(const Process& client, const Enough& is_enough, int seconds) const {
    static std::vector<char> buffer(std::size_t{1} << 20U);
    const auto start = now();
    std::unordered_set<std::string> hosts;
    std::string rest;
    while (!is_enough(hosts.size())) {
      const int left = static_cast<int>((seconds - seconds_since(start)) * 1e3);
      pollfd entry{client.out(), POLLIN, 0};
      if (left <= 0 || ::poll(&entry, 1, left) == 0) {
        if (!is_enough(hosts_)) return;
        throw BenchError(std::to_string(hosts.size()) + " hosts have answered after " + std::to_string(seconds) +
                         " s\n" + last_errors());
      }
      const ssize_t size = ::read(client.out(), buffer.data(), buffer.size());
      if (size <= 0) throw BenchError("rstap ended early\n" + last_errors());
      rest.append(buffer.data(), static_cast<std::size_t>(size));
      std::size_t at = 0;
      for (std::size_t end = 0; (end = rest.find('\n', at)) != std::string::npos; at = end + 1) {
        const std::string_view line = std::string_view(rest).substr(at, end - at);
        if (line.find("\"map\"") < 64) hosts.emplace(line.substr(0, line.find(':')));
      }
      rest.erase(0, at);
    }
  }

  const Site& site_;
  std::size_t hosts_;
  Broker broker_;
  Process emulator_;
  double connected_seconds_ = 0;
};

// An rstap that was built without it does not know the word.
bool has_nats(const std::string& rstap) {
  Process help({.argv = {rstap, "--nats=bench.tls=false", "--version"}, .wire = Wire::kNone});
  return help.wait().exit_code == 0;
}

}  // namespace

void run_fleet(const Site& site, const Settings& settings, Targets& targets) {
  if (!exists(kNatsServer)) return;
  const std::size_t hosts = std::max<std::size_t>(kHosts * settings.rounds_percent / 100, 20);
  Fleet fleet(site, hosts);
  std::vector<Contender> contenders{{"a client that drops all", Role::kFloor, [&] { return fleet.run_floor(); }}};
  const auto add = [&](const std::string& name, Role role, const std::string& rstap) {
    if (has_nats(rstap)) contenders.push_back({name, role, [&fleet, rstap] { return fleet.run_rstap(rstap); }});
  };
  add("rstap", Role::kOurs, site.program("rstap"));
  if (!settings.beside.empty()) add("rstap, beside", Role::kOther, settings.beside + "/rstap");
  Benchmark benchmark("fleet: " + std::to_string(hosts) + " hosts behind a broker", std::move(contenders));
  benchmark.run_once();
  benchmark.print({"s to find all", "s to the first answer of all", "s to stop all", "hosts not clean",
                   "MiB of the client", "MiB of its relay", "MiB that it grew behind the first answer",
                   "CPU s of the client", "CPU s of its relay", "MiB of the broker", "CPU s of the broker",
                   "MiB of the hosts", "CPU s of the hosts", "thousand messages to the broker", "slow consumers"});
  std::printf("The hosts had connected after %.1f s.\n\n", fleet.connected_seconds());
  if (!benchmark.has(Role::kOurs)) return;
  const auto ours = [&](const char* metric) { return benchmark.median_of(Role::kOurs, metric); };
  targets.at_most("fleet: s to find all", ours("s to find all"), 2);
  targets.at_most("fleet: s to the first answer of all", ours("s to the first answer of all"), 5);
  targets.at_most("fleet: s to stop all", ours("s to stop all"), 10);
  targets.at_most("fleet: hosts not proved clean", ours("hosts not clean"), 0);
  targets.at_most("fleet: MiB of the client and its relay", ours("MiB of the client"), 200);
  targets.at_most("fleet: MiB of the broker", ours("MiB of the broker"), 500);
}

}  // namespace stapsh::bench
