// SPDX-License-Identifier: Apache-2.0
// 32 targets over a real sshd on 127.0.0.1, against 32 times `ssh HOST true`, all at once; on a fast network, and
// with 0.3 s of delay before each connection. The runner says one line and ends.
#include <fcntl.h>
#include <unistd.h>

#include "cases/cases.h"
#include "harness/process.h"
#include "harness/sshd.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kTargets = 32;

std::string host(std::size_t i) { return "h" + std::to_string(i); }

Sample run_bare_ssh() {
  const auto start = now();
  std::vector<Process> clients;
  for (std::size_t i = 0; i < kTargets; ++i) {
    clients.emplace_back(ProcessOptions{.argv = {"ssh", "-T", host(i), "true"}, .wire = Wire::kNone});
  }
  for (Process& client : clients) (void)client.wait_success();
  return {{"s", seconds_since(start)}};
}

// The released client may lose a target's last words and then says that it failed: lines are counted, its code is not.
Sample run_client(std::vector<std::string> argv, const std::string& script) {
  const bool ours = argv[0] != "stap";
  for (std::size_t i = 0; i < kTargets; ++i) argv.insert(argv.end(), {"--remote", host(i)});
  argv.push_back(script);
  const auto start = now();
  Process client({.argv = argv, .wire = Wire::kOutputOnly});
  (void)client.read_line();
  const double first = seconds_since(start);
  const std::size_t rest = client.read_to_end();
  const double seconds = seconds_since(start);
  if (ours) (void)client.wait_success();
  if (ours && rest < (kTargets - 1) * std::string_view("hello\n").size()) throw BenchError("lines are missing");
  return {{"s", seconds}, {"s to first line", first}};
}

void run_one(const Site& site, const Settings& settings, Targets& targets, const LoopbackSshd& sshd,
             const std::string& kernel_build, unsigned delay) {
  sshd.delay_connections(delay);
  const std::string what = delay > 0 ? "0.3 s of delay each" : "no delay";
  const std::string module = site.write("probe.ko", "no module");
  const std::string script = site.write("hello.stp", "probe begin { println(\"hello\") exit() }\n");
  std::vector<Contender> contenders{{"32 times ssh HOST true", Role::kFloor, run_bare_ssh},
                                    {"rstap", Role::kOurs, [&] {
                                       sshd.offer_agent(site.program("stapsh"));
                                       return run_client({site.program("rstap")}, module);
                                     }}};
  if (!settings.beside.empty()) {
    contenders.push_back({"rstap, beside", Role::kOther, [&] {
                            sshd.offer_agent(settings.beside + "/stapsh");
                            return run_client({settings.beside + "/rstap"}, module);
                          }});
  }
  const bool peer = exists("/usr/bin/stap") && exists(kReleasedAgent);
  if (peer) {
    contenders.push_back({"released stap and stapsh", Role::kPeer, [&] {
                            sshd.offer_agent(kReleasedAgent);
                            return run_client({"stap", "--runtime=bpf", "-r", kernel_build}, script);
                          }});
  }
  Benchmark benchmark("ssh-fanout: 32 targets, " + what, std::move(contenders));
  benchmark.run(settings.rounds(9));
  benchmark.print({"s", "s to first line"});
  const double ours = benchmark.median_of(Role::kOurs, "s");
  targets.at_most("ssh-fanout, " + what + ": time, to bare ssh", ours / benchmark.median_of(Role::kFloor, "s"), 1.15);
  targets.at_most("ssh-fanout, " + what + ": first line, as a part of the whole",
                  benchmark.median_of(Role::kOurs, "s to first line") / ours, 0.8);
}

}  // namespace

void run_ssh_fanout(const Site& site, const Settings& settings, Targets& targets) {
  const std::string kernel_build = make_kernel_build(site);
  site.replace(kStaprun, site.program("write_blocks"));
  const LoopbackSshd sshd(site);
  for (const unsigned delay : {0U, 300U}) run_one(site, settings, targets, sshd, kernel_build, delay);
}

}  // namespace stapsh::bench
