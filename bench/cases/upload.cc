// SPDX-License-Identifier: Apache-2.0
// A module of 30 MB to an agent, until it says OK, and to `cat > file`, until that has ended.
#include <fcntl.h>
#include <unistd.h>

#include "cases/cases.h"
#include "harness/process.h"

namespace stapsh::bench {
namespace {

constexpr std::size_t kBytes = 30'000'000;

Sample rate(double seconds) { return {{"MB/s", kBytes / 1e6 / seconds}}; }

Sample upload(const std::string& program, const std::string& content) {
  Process agent({.argv = {program}});
  agent.write("stap 5.6\n");
  (void)agent.read_line();
  const auto start = now();
  agent.write("file " + std::to_string(kBytes) + " probe.ko\n");
  agent.write(content);
  if (const std::string reply = agent.read_line(); reply != "OK") throw BenchError("answered `" + reply + "'");
  Sample sample = rate(seconds_since(start));
  agent.write("quit\n");
  (void)agent.wait();
  return sample;
}

Sample cat(const std::string& file, const std::string& content) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  Process program({.argv = {"/bin/cat"}, .stdout_fd = fd});
  (void)::close(fd);
  const auto start = now();
  program.write(content);
  program.end_input();
  (void)program.wait_success();
  Sample sample = rate(seconds_since(start));
  (void)::unlink(file.c_str());
  return sample;
}

}  // namespace

void run_upload(const Site& site, const Settings& settings, Targets&) {
  const std::string content(kBytes, 'm');
  std::vector<Contender> contenders{{"cat > file", Role::kFloor, [&] { return cat(site.path("tmp/cat"), content); }},
                                    {"stapsh", Role::kOurs, [&] { return upload(site.program("stapsh"), content); }}};
  if (!settings.beside.empty()) {
    contenders.push_back(
        {"stapsh, beside", Role::kOther, [&] { return upload(settings.beside + "/stapsh", content); }});
  }
  if (exists(kReleasedAgent)) {
    contenders.push_back({"released stapsh", Role::kPeer, [&] { return upload(kReleasedAgent, content); }});
  }
  Benchmark benchmark("upload: one file of 30 MB", std::move(contenders));
  benchmark.run(settings.rounds(25));
  benchmark.print({"MB/s"});
}

}  // namespace stapsh::bench
