// SPDX-License-Identifier: Apache-2.0
#include "harness/fleet_run.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace stapsh::bench {
namespace {

// Whatever has not come by then does not come.
constexpr double kPatience = 180;
constexpr double kLookEvery = 0.1;
constexpr std::size_t kNearBytes = 64;

auto after(double seconds) {
  return now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

// "@: sum of 10 hosts", "@: sum of 9 of 10 hosts"
CountAnswers hosts_of_sums() {
  return [most = std::size_t{0}](std::string_view line) mutable {
    static constexpr std::string_view kSum = ": sum of ";
    const std::size_t at = line.find(kSum);
    if (at == line.npos) return most;
    std::size_t hosts = 0;
    (void)std::from_chars(line.data() + at + kSum.size(), line.data() + line.size(), hosts);
    return most = std::max(most, hosts);
  };
}

CountAnswers hosts_of_lines(std::string text) {
  return [text = std::move(text), seen = std::unordered_set<std::string>()](std::string_view line) mutable {
    if (line.find(text) < kNearBytes) seen.emplace(line.substr(0, line.find(':')));
    return seen.size();
  };
}

FleetRun::FleetRun(const std::vector<std::string>& argv, std::size_t hosts, CountAnswers count_answers)
    : hosts_(hosts),
      count_answers_(std::move(count_answers)),
      errors_begin_(errors_size()),
      start_(now()),
      client_({.argv = argv, .wire = Wire::kOutputOnly}) {}

void FleetRun::await_all() {
  read(after(kPatience), true);
  if (!have_all_answered()) {
    throw BenchError(std::to_string(answered_) + " of " + std::to_string(hosts_) + " hosts have answered together\n" +
                     last_errors());
  }
  sample_["s to the first answer of all"] = seconds_since(start_);
  answered_at_ = now();
  bytes_then_ = bytes_;
  resident_then_ = resident_mib(pid()) + resident_mib(relay_pid_);
}

void FleetRun::read_for(double seconds) { read(after(seconds), false); }

void FleetRun::stop() {
  if (ended_) throw BenchError("rstap ended early\n" + last_errors());
  sample_["MiB that it grew behind the first answer"] = resident_mib(pid()) + resident_mib(relay_pid_) - resident_then_;
  sample_["MiB/s that it printed"] =
      static_cast<double>(bytes_ - bytes_then_) / (1U << 20U) / seconds_since(answered_at_);
  const auto told = now();
  client_.send_signal(SIGINT);
  await_end();
  sample_["s to stop all"] = seconds_since(told);
  if (number_before(" succeeded") != hosts_) throw BenchError("rstap did not succeed everywhere\n" + last_errors());
}

void FleetRun::await_end() {
  read(after(kPatience), false);
  if (!ended_) throw BenchError("rstap does not end\n" + last_errors());
  const Usage usage = client_.wait();
  cost_.cpu_seconds = usage.cpu_seconds;
  const std::string said = errors_since(errors_begin_);
  const std::size_t at = said.rfind(" targets: ");
  if (at == std::string::npos) throw BenchError("rstap does not say how it ended\n" + last_errors());
  totals_ = said.substr(at, said.find('\n', at) - at);
}

// "10000 targets: 3 succeeded, 9997 failed; 3 clean, 9997 unknown"
std::size_t FleetRun::number_before(std::string_view text) const {
  const std::size_t end = totals_.find(text);
  if (end == std::string::npos) return 0;
  const std::size_t begin = totals_.rfind(' ', end - 1) + 1;
  std::size_t number = 0;
  (void)std::from_chars(totals_.data() + begin, totals_.data() + end, number);
  return number;
}

Sample FleetRun::sample() const {
  const bool all_clean = totals_.ends_with("; all clean");
  Sample sample = sample_;
  sample["hosts that failed"] = static_cast<double>(hosts_ - number_before(" succeeded"));
  sample["hosts not clean"] = all_clean ? 0 : static_cast<double>(hosts_ - number_before(" clean"));
  sample["MiB of the client"] = cost_.peak_mib + relay_.peak_mib;
  sample["MiB of its relay"] = relay_.peak_mib;
  sample["CPU s of the client"] = cost_.cpu_seconds + relay_.cpu_seconds;
  sample["CPU s of its relay"] = relay_.cpu_seconds;
  return sample;
}

void FleetRun::read(std::chrono::steady_clock::time_point until, bool awaits_all) {
  static std::vector<char> buffer(std::size_t{1} << 20U);
  while (!ended_ && !(awaits_all && have_all_answered())) {
    look();
    const double left = -seconds_since(until);
    if (left <= 0) return;
    pollfd entry{client_.out(), POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(std::min(left, kLookEvery) * 1e3) + 1) == 0) continue;
    const ssize_t size = ::read(client_.out(), buffer.data(), buffer.size());
    ended_ = size <= 0;
    if (size > 0) bytes_ += static_cast<std::size_t>(size);
    if (size > 0 && !have_all_answered()) take({buffer.data(), static_cast<std::size_t>(size)});
  }
}

void FleetRun::take(std::string_view bytes) {
  rest_ += bytes;
  std::size_t at = 0;
  for (std::size_t end = 0; !have_all_answered() && (end = rest_.find('\n', at)) != std::string::npos; at = end + 1) {
    answered_ = count_answers_(std::string_view(rest_).substr(at, end - at));
  }
  rest_.erase(0, at);
}

// The relay ends before we could ask the system for all that it used.
void FleetRun::look() {
  if (now() < looked_) return;
  looked_ = after(kLookEvery);
  // At first it is whoever asks who is there; the relay is the one that stays.
  const std::vector<pid_t> children = children_of(pid());
  if (!children.empty()) relay_pid_ = children.front();
  const Cost client = cost_of(pid()), relay = cost_of(relay_pid_);
  if (client.peak_mib > 0) cost_ = client;
  if (relay.peak_mib > 0) relay_ = relay;
}

void print_fleet(const Benchmark& benchmark, std::vector<std::string> first) {
  for (const char* metric :
       {"s to the first answer of all", "s to stop all", "hosts that failed", "hosts not clean",
        "sessions that the hosts still have", "sessions that broke off, as hosts say", "MiB of the client",
        "MiB of its relay", "MiB that it grew behind the first answer", "CPU s of the client", "CPU s of its relay",
        "MiB of the broker", "CPU s of the broker", "MiB of the hosts", "CPU s of the hosts",
        "thousand messages to the broker", "slow consumers"}) {
    first.emplace_back(metric);
  }
  benchmark.print(first);
}

// Bytes that are lost end their session: its host fails.
void promise_fleet(Targets& targets, const std::string& name, const Benchmark& benchmark) {
  static constexpr std::pair<const char*, double> kAtMost[] = {
      {"s to stop all", 10},      {"hosts that failed", 0},
      {"hosts not clean", 0},     {"sessions that the hosts still have", 0},
      {"MiB of the client", 200}, {"MiB of the broker", 500},
      {"slow consumers", 0}};
  for (const auto& [metric, bound] : kAtMost) {
    targets.at_most(name + ": " + metric, benchmark.median_of(Role::kOurs, metric), bound);
  }
}

}  // namespace stapsh::bench
