// SPDX-License-Identifier: Apache-2.0
// The same targets over ssh and over a broker: what a client waits for, and what it needs. Over ssh the agents are real
// ones, behind a real sshd, and their runner is a program that says what emulated hosts say. Each such target is half a
// dozen processes of this machine, so there are few of them; the broker has as many once, and ten times as many.
#include <algorithm>

#include "cases/cases.h"
#include "harness/fleet.h"
#include "harness/fleet_run.h"
#include "harness/sshd.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kTargets = 100, kTargetsMin = 10;
constexpr std::size_t kTimes = 10;
constexpr int kSeconds = 5;  // Behind the first answer of all.
constexpr char kBpftrace[] = "/usr/bin/bpftrace";
// Its first line is scripted_bpftrace's.
const std::string kProgram = "// maps\nprofile:hz:99 { @[comm] = count(); } interval:s:1 { print(@); }\n";

Sample run(const std::vector<std::string>& argv, std::size_t hosts) {
  FleetRun run(argv, hosts, hosts_of_sums());
  run.await_all();
  run.read_for(kSeconds);
  const double mib = family_mib(run.pid());
  run.stop();
  Sample sample = run.sample();
  sample["MiB of the client"] = mib;  // Of all its children.
  return sample;
}

}  // namespace

void run_fleet_ssh(const Site& site, const Settings& settings, Targets& targets) {
  const std::string rstap = site.program("rstap");
  if (!exists(kNatsServer) || !exists(kBpftrace) || !has_nats(rstap)) return;
  const std::size_t few = std::clamp(kTargets * settings.rounds_percent / 100, kTargetsMin, kTargets);
  const std::vector<std::string> words{"--sum", "--bpftrace", site.write("maps.bt", kProgram)};
  site.replace(kBpftrace, site.program("scripted_bpftrace"));
  const LoopbackSshd sshd(site);
  sshd.offer_agent(site.program("stapsh"));
  const auto over_broker = [&](std::size_t hosts) {
    const EmulatedFleet fleet(site, hosts, "maps");
    return run(fleet.command(rstap, words), hosts);
  };
  const std::string number = std::to_string(few);
  Benchmark benchmark("fleet-ssh: targets over ssh, and over a broker",
                      {{"ssh, " + number + " targets", Role::kPeer,
                        [&] {
                          std::vector<std::string> argv{rstap, "--no-config", "--remote=h[1-" + number + "]"};
                          argv.insert(argv.end(), words.begin(), words.end());
                          return run(argv, few);
                        }},
                       {"nats, " + number + " targets", Role::kOurs, [&] { return over_broker(few); }},
                       {"nats, " + std::to_string(kTimes * few) + " targets", Role::kOther,
                        [&] { return over_broker(kTimes * few); }}});
  benchmark.run_once();
  benchmark.print({"s to the first answer of all", "s to stop all", "hosts not clean", "MiB of the client"});
  targets.at_most("fleet-ssh: first answer of all over a broker, to that over ssh",
                  benchmark.median_of(Role::kOurs, "s to the first answer of all") /
                      benchmark.median_of(Role::kPeer, "s to the first answer of all"),
                  1);
}

}  // namespace stapsh::bench
