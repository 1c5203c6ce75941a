// SPDX-License-Identifier: Apache-2.0
// A runner's output through an agent in data mode. Ours and the floors must deliver all of it; the released agent
// may lose its end, so what counts is what arrived.
#include "cases/cases.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kTotal = std::size_t{1} << 29;
constexpr double kMiB = 1 << 20, kGiB = 1 << 30;
// How a client speaks: ours asks for `exit` (an agent of ours then knows that many frames in one packet are no
// trouble, as they are for the released client), the released one does not.
enum class Speaks { kAsOurs, kAsReleased, kNothing };

Sample relay(const std::vector<std::string>& argv, Speaks speaks, Wire wire, std::size_t block) {
  const std::string numbers = std::to_string(block) + " " + std::to_string(kTotal / block);
  std::vector<std::string> words = argv;
  if (speaks == Speaks::kNothing)
    words.insert(words.end(), {kStaprun, std::to_string(block), std::to_string(kTotal / block)});
  auto start = now();
  Process agent({.argv = words, .wire = wire});
  if (speaks != Speaks::kNothing) {
    agent.write("stap 5.6\n");
    (void)agent.read_line();
    agent.write("option data\n");
    (void)agent.read_line();
    if (speaks == Speaks::kAsOurs) {
      agent.write("option exit\n");
      (void)agent.read_line();
    }
    start = now();
    agent.write("run " + numbers + "\n");
    if (const std::string reply = agent.read_line(); reply != "OK")
      throw BenchError("run was answered `" + reply + "'");
  }
  const std::size_t arrived = agent.read_to_end();
  const double seconds = seconds_since(start);
  agent.end_input();
  const Usage usage = agent.wait();
  if (argv[0] != kReleasedAgent && (arrived < kTotal || usage.exit_code != 0)) {
    throw BenchError(std::to_string(arrived) + " of " + std::to_string(kTotal) + " bytes arrived, exit code " +
                     std::to_string(usage.exit_code) + "\n" + last_errors());
  }
  const auto bytes = static_cast<double>(arrived);
  return {{"MiB/s", bytes / kMiB / seconds}, {"CPU s/GiB", usage.cpu_seconds / (bytes / kGiB)}};
}

void run_one(const Site& site, const Settings& settings, Targets& targets, Wire wire, std::size_t block) {
  const std::string what =
      std::to_string(block / 1024) + " KiB blocks to a " + (wire == Wire::kPipes ? "pipe" : "socket");
  const std::string splice = site.program("framed_splice");
  std::vector<Contender> contenders{
      {"framed splice", Role::kFloor, [=] { return relay({splice}, Speaks::kNothing, wire, block); }},
      {"framed splice, from a pipe of 1 MiB", Role::kOther,
       [=] {
         return relay({splice, "--pipe", "1048576"}, Speaks::kNothing, wire, block);
       }},
      {"plain splice", Role::kOther,
       [=] {
         return relay({splice, "--plain"}, Speaks::kNothing, wire, block);
       }},
      {"stapsh", Role::kOurs, [=, &site] { return relay({site.program("stapsh")}, Speaks::kAsOurs, wire, block); }},
      {"stapsh, to a released client", Role::kOther,
       [=, &site] { return relay({site.program("stapsh")}, Speaks::kAsReleased, wire, block); }}};
  if (!settings.beside.empty()) {
    const std::string other = settings.beside + "/stapsh";
    contenders.push_back(
        {"stapsh, beside", Role::kOther, [=] { return relay({other}, Speaks::kAsOurs, wire, block); }});
    contenders.push_back({"stapsh, to a released client, beside", Role::kOther,
                          [=] { return relay({other}, Speaks::kAsReleased, wire, block); }});
  }
  const bool peer = exists(kReleasedAgent);
  if (peer) {
    contenders.push_back(
        {"released stapsh", Role::kPeer, [=] { return relay({kReleasedAgent}, Speaks::kAsReleased, wire, block); }});
  }
  Benchmark benchmark("relay: " + what, std::move(contenders));
  benchmark.run(settings.rounds(9));
  benchmark.print({"MiB/s", "CPU s/GiB"});
  const auto ratio = [&](const char* metric, Role base) {
    return benchmark.median_of(Role::kOurs, metric) / benchmark.median_of(base, metric);
  };
  targets.at_least("relay, " + what + ": bytes/s, to a framed splice", ratio("MiB/s", Role::kFloor), 0.9);
  if (!peer) return;
  targets.at_least("relay, " + what + ": bytes/s, to the released agent", ratio("MiB/s", Role::kPeer), 3);
  targets.at_most("relay, " + what + ": CPU s/GiB, to the released agent", ratio("CPU s/GiB", Role::kPeer), 0.25);
}

}  // namespace

void run_relay(const Site& site, const Settings& settings, Targets& targets) {
  site.replace(kStaprun, site.program("write_blocks"));
  for (const Wire wire : {Wire::kPipes, Wire::kSocketPair}) {
    for (const std::size_t block : {std::size_t{4'096}, std::size_t{65'536}})
      run_one(site, settings, targets, wire, block);
  }
}

}  // namespace stapsh::bench
