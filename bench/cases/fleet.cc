// SPDX-License-Identifier: Apache-2.0
// 10,000 hosts behind a nats-server: they are found, a script is sent to each and run, each prints a map of 100 keys a
// second, which are added up, and after a minute all are stopped. Beside it a client that drops what it gets, and the
// same with each host's lines shown as they are. Once each: it takes some minutes.
#include "harness/fleet.h"

#include <algorithm>

#include "cases/cases.h"
#include "harness/fleet_run.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kSeconds = 60, kSecondsMin = 5;  // Behind the first answer of all.
const std::string kProgram = "profile:hz:99 { @[comm] = count(); } interval:s:1 { print(@); }";

double find_all(const EmulatedFleet& fleet, const std::string& rstap) {
  const auto start = now();
  Process list({.argv = fleet.command(rstap, {"--list-hosts"}), .wire = Wire::kOutputOnly});
  (void)list.read_to_end();
  (void)list.wait_success();
  return seconds_since(start);
}

Sample run(const EmulatedFleet& fleet, const std::string& rstap, const std::string& how, CountAnswers count_answers,
           int seconds) {
  const double found = find_all(fleet, rstap);
  FleetRun run(fleet.command(rstap, {how, "--bpftrace", "-e", kProgram}), fleet.hosts(), std::move(count_answers));
  run.await_all();
  run.read_for(seconds);
  run.stop();
  Sample sample = run.sample();
  sample["s to find all"] = found;
  return sample;
}

void measure(const Site& site, const Settings& settings, Targets& targets, const std::string& name, bool tls) {
  if (!exists(kNatsServer)) return;
  const std::size_t hosts = fleet_size(settings.rounds_percent);
  const int seconds = static_cast<int>(std::clamp(kSeconds * settings.rounds_percent / 100, kSecondsMin, kSeconds));
  const EmulatedFleet fleet(site, hosts, "maps", tls);
  std::vector<Contender> contenders{{"a client that drops all", Role::kFloor,
                                     [&] { return fleet.with_costs([&] { return fleet.floor(seconds); }); }}};
  const auto add = [&](const std::string& client, Role role, const std::string& rstap) {
    if (!has_nats(rstap)) return;
    contenders.push_back({client + " --sum", role, [&, rstap] {
                            return fleet.with_costs(
                                [&] { return run(fleet, rstap, "--sum", hosts_of_sums(), seconds); });
                          }});
    contenders.push_back({client + " --label", Role::kOther, [&, rstap] {
                            return fleet.with_costs(
                                [&] { return run(fleet, rstap, "--label", hosts_of_lines("\"map\""), kSecondsMin); });
                          }});
  };
  add("rstap", Role::kOurs, site.program("rstap"));
  if (!settings.beside.empty()) add("rstap, beside", Role::kOther, settings.beside + "/rstap");
  Benchmark benchmark(name + ": " + std::to_string(hosts) + " hosts behind a broker, " + std::to_string(seconds) +
                          " s (--label: " + std::to_string(kSecondsMin) + ")",
                      std::move(contenders));
  benchmark.run_once();
  print_fleet(benchmark, {"s to find all"});
  std::printf("The hosts had connected after %.1f s.\n\n", fleet.connected_seconds());
  if (!benchmark.has(Role::kOurs)) return;
  const auto ours = [&](const char* metric) { return benchmark.median_of(Role::kOurs, metric); };
  targets.at_most(name + ": s to find all", ours("s to find all"), 2);
  targets.at_most(name + ": s to the first answer of all", ours("s to the first answer of all"), 5);
  targets.at_most(name + ": sessions that broke off, as hosts say", ours("sessions that broke off, as hosts say"), 0);
  targets.at_most(name + ": MiB that the client and its relay grew behind the first answer",
                  ours("MiB that it grew behind the first answer"), 20);
  promise_fleet(targets, name, benchmark);
}

}  // namespace

void run_fleet(const Site& site, const Settings& settings, Targets& targets) {
  measure(site, settings, targets, "fleet", false);
}

void run_fleet_tls(const Site& site, const Settings& settings, Targets& targets) {
  measure(site, settings, targets, "fleet-tls", true);
}

}  // namespace stapsh::bench
