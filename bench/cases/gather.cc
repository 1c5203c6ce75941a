// SPDX-License-Identifier: Apache-2.0
// The output of 1,000 targets, shown once: 1 MB of each, the same of all. The agent is a program that emits frames from
// memory; the peer is `clush -b` with the same program, without frames, on as many hosts.
#include "cases/cases.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kTargets = 1'000, kBytes = 1'000'000;
constexpr char kShape[] = " 100 50000 1000000";  // Lines, frames, all.
constexpr char kClush[] = "/usr/bin/clush";

Sample sample_of(double seconds, const Usage& usage) {
  return {{"s", seconds}, {"MiB of memory", static_cast<double>(usage.peak_rss_kib) / 1024}};
}

Sample run_shown(const std::vector<std::string>& argv) {
  const auto start = now();
  Process shown({.argv = argv, .wire = Wire::kOutputOnly});
  const std::size_t bytes = shown.read_to_end();
  const Usage usage = shown.wait_success();
  const double seconds = seconds_since(start);
  if (bytes < kBytes || bytes > kBytes + 1'000) throw BenchError(std::to_string(bytes) + " bytes were shown");
  return sample_of(seconds, usage);
}

}  // namespace

void run_gather(const Site& site, const Settings& settings, Targets& targets) {
  const std::string source = site.program("frame_source");
  const std::string plain = source + " --raw" + kShape;
  std::string list;
  for (std::size_t i = 0; i < kTargets; ++i) list += "exec:exec " + source + kShape + "\n";
  const std::string module = site.write("probe.ko", "no module");
  const std::string number = std::to_string(kTargets);
  const std::vector<std::string> rstap{site.program("rstap"),          "--gather", "--quiet", "--remote",
                                       "@" + site.write("list", list), module};
  const std::vector<std::string> bare{"/bin/sh", "-c",
                                      "i=0; while [ $i -lt " + number + " ]; do " + plain + "; i=$((i+1)); done"};
  std::vector<Contender> contenders{{"1,000 times the source", Role::kFloor,
                                     [=] {
                                       const auto start = now();
                                       Process all({.argv = bare, .wire = Wire::kOutputOnly});
                                       (void)all.read_to_end();
                                       const Usage usage = all.wait_success();
                                       return sample_of(seconds_since(start), usage);
                                     }},
                                    {"rstap --gather", Role::kOurs, [=] { return run_shown(rstap); }}};
  if (exists(kClush)) {
    contenders.push_back({"clush -b", Role::kPeer, [=] {
                            return run_shown({kClush, "-R", "exec", "-w", "n[1-" + number + "]", "-b", plain});
                          }});
  }
  Benchmark benchmark("gather: 1,000 targets, 1 MB of each, all the same", std::move(contenders));
  benchmark.run(settings.rounds(5));
  benchmark.print({"s", "MiB of memory"});
  if (!benchmark.has(Role::kPeer)) return;
  targets.at_most("gather: time, to clush -b",
                  benchmark.median_of(Role::kOurs, "s") / benchmark.median_of(Role::kPeer, "s"), 0.5);
}

}  // namespace stapsh::bench
