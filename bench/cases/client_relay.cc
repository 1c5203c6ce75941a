// SPDX-License-Identifier: Apache-2.0
// One target's output through a client that labels each line. The agent is a program that emits frames from memory.
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

#include "cases/cases.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kTotal = std::size_t{1} << 30;
constexpr double kMiB = 1 << 20, kGiB = 1 << 30;

enum class Into { kNull, kPipe };
struct Shape {
  std::size_t line, frame;
  [[nodiscard]] std::string words(std::size_t total) const {
    return std::to_string(line) + " " + std::to_string(frame) + " " + std::to_string(total);
  }
};

Sample sample_of(double seconds, const Usage& usage, double bytes) {
  return {{"MiB/s", bytes / kMiB / seconds}, {"CPU s/GiB", usage.cpu_seconds / (bytes / kGiB)}};
}

Sample run_client(const std::vector<std::string>& argv, Into into) {
  const auto start = now();
  Process client({.argv = argv, .wire = into == Into::kNull ? Wire::kNone : Wire::kOutputOnly});
  std::size_t arrived = kTotal;
  if (into == Into::kPipe) arrived = client.read_to_end();
  const Usage usage = client.wait_success();
  if (arrived < kTotal) throw BenchError("only " + std::to_string(arrived) + " bytes arrived");
  return sample_of(seconds_since(start), usage, kTotal);
}

Sample run_cat(const Site& site, const Shape& shape, Into into) {
  const auto start = now();
  Process source({.argv = {site.program("frame_source"), "--raw", std::to_string(shape.line),
                           std::to_string(shape.frame), std::to_string(kTotal)},
                  .wire = Wire::kOutputOnly});
  // cat reads what the source writes: its standard input is the source's output.
  const std::string in = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(source.out());
  Process cat({.argv = {"/bin/cat", in}, .wire = into == Into::kNull ? Wire::kNone : Wire::kOutputOnly});
  if (into == Into::kPipe) (void)cat.read_to_end();
  const Usage usage = cat.wait_success();
  (void)source.wait_success();
  return sample_of(seconds_since(start), usage, kTotal);
}

// The released client, on a socket, for it asks for frames only there. It builds first, so the clock starts with the
// first byte; it may lose the end.
Sample run_released(const Site& site, const Shape& shape, bool prefix, const std::string& kernel_build) {
  const std::string socket = site.path("agent.sock");
  (void)::unlink(socket.c_str());
  std::vector<std::string> words{
      site.program("frame_source"), "--listen", socket, std::to_string(shape.line), std::to_string(shape.frame),
      std::to_string(kTotal / 2)};
  Process source({.argv = words, .wire = Wire::kOutputOnly});
  (void)source.read_line();
  std::vector<std::string> argv{"stap", "--runtime=bpf",         "-r", kernel_build, "--remote=unix:" + socket,
                                "-e",   "probe begin { exit() }"};
  if (prefix) argv.insert(argv.begin() + 1, "--remote-prefix");
  Process client({.argv = argv, .wire = Wire::kOutputOnly});
  (void)client.read_line();
  const auto start = now();
  const auto arrived = static_cast<double>(client.read_to_end());
  const double seconds = seconds_since(start);
  return sample_of(seconds, client.wait(), arrived);
}

void run_one(const Site& site, const Settings& settings, Targets& targets, Into into, const Shape& shape,
             const std::string& kernel_build) {
  const std::string what =
      "lines of " + std::to_string(shape.line) + " bytes to " + (into == Into::kNull ? "/dev/null" : "a pipe");
  const std::string agent = "exec:exec " + site.program("frame_source") + " " + shape.words(kTotal);
  const std::string module = site.write("probe.ko", "no module");
  const auto rstap = [&, into](const std::vector<std::string>& options, const std::string& program = "") {
    std::vector<std::string> argv{program.empty() ? site.program("rstap") : program, "--remote", agent};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back(module);
    return run_client(argv, into);
  };
  std::vector<Contender> contenders{{"cat", Role::kFloor, [&] { return run_cat(site, shape, into); }},
                                    {"rstap --label", Role::kOurs, [&] { return rstap({"--label"}); }},
                                    {"rstap --remote-prefix", Role::kOther, [&] { return rstap({"--remote-prefix"}); }},
                                    {"rstap", Role::kOther, [&] { return rstap({}); }}};
  if (!settings.beside.empty()) {
    contenders.push_back(
        {"rstap --label, beside", Role::kOther, [&] { return rstap({"--label"}, settings.beside + "/rstap"); }});
  }
  if (into == Into::kPipe && exists("/usr/bin/stap")) {
    contenders.push_back(
        {"released stap --remote-prefix", Role::kPeer, [&] { return run_released(site, shape, true, kernel_build); }});
    contenders.push_back(
        {"released stap", Role::kOther, [&] { return run_released(site, shape, false, kernel_build); }});
  }
  Benchmark benchmark("client-relay: " + what, std::move(contenders));
  benchmark.run(settings.rounds(7));
  benchmark.print({"MiB/s", "CPU s/GiB"});
  targets.at_least("client-relay, " + what + ": MiB/s with labels", benchmark.median_of(Role::kOurs, "MiB/s"), 1024);
}

// The same bytes as events: printed, kept beside what is shown, and shown again. The peer is what labels them.
void run_events(const Site& site, const Settings& settings, Targets& targets) {
  constexpr Shape kShape{100, 65'536};
  const std::string agent = "exec:exec " + site.program("frame_source") + " " + kShape.words(kTotal);
  const std::string module = site.write("probe.ko", "no module");
  const std::string plain = site.path("run.json"), packed = site.path("run.zst");
  const auto rstap = [&](const std::vector<std::string>& options) {
    std::vector<std::string> argv{site.program("rstap"), "--remote", agent};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back(module);
    return run_client(argv, Into::kNull);
  };
  const auto replay = [&](const std::string& file) {
    return run_client({site.program("rstap"), "replay", file, "--label"}, Into::kNull);
  };
  Benchmark benchmark("client-relay: events of lines of 100 bytes to /dev/null",
                      {{"cat", Role::kFloor, [&] { return run_cat(site, kShape, Into::kNull); }},
                       {"rstap --label", Role::kPeer, [&] { return rstap({"--label"}); }},
                       {"rstap --format=json", Role::kOurs, [&] { return rstap({"--format=json"}); }},
                       {"rstap --record=FILE", Role::kOther,
                        [&] {
                          return rstap({"--record", plain});
                        }},
                       {"rstap --record=FILE.zst", Role::kOther,
                        [&] {
                          return rstap({"--record", packed});
                        }},
                       {"rstap replay FILE --label", Role::kOther, [&] { return replay(plain); }},
                       {"rstap replay FILE.zst --label", Role::kOther, [&] { return replay(packed); }}});
  benchmark.run(settings.rounds(7));
  benchmark.print({"MiB/s", "CPU s/GiB"});
  targets.at_least("client-relay: MiB/s of runners' output as JSON", benchmark.median_of(Role::kOurs, "MiB/s"), 500);
}

}  // namespace

void run_client_relay(const Site& site, const Settings& settings, Targets& targets) {
  const std::string build = make_kernel_build(site);
  for (const Into into : {Into::kNull, Into::kPipe}) run_one(site, settings, targets, into, {100, 65'536}, build);
  run_one(site, settings, targets, Into::kNull, {65'536, 65'536}, build);
  run_one(site, settings, targets, Into::kPipe, {65'536, 65'536}, build);
  run_events(site, settings, targets);
}

}  // namespace stapsh::bench
