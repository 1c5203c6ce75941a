// SPDX-License-Identifier: Apache-2.0
#include "harness/measure.h"

#include <algorithm>
#include <cstdio>

namespace stapsh::bench {
namespace {

std::string number(double value) {
  char text[32];
  const int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  (void)std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string ratio(double value, double base) { return base > 0 ? number(value / base) : "-"; }

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Benchmark::Benchmark(std::string title, std::vector<Contender> contenders)
    : title_(std::move(title)), contenders_(std::move(contenders)), samples_(contenders_.size()) {}

void Benchmark::run(std::size_t rounds) {
  for (std::size_t round = 0; round <= rounds; ++round) take_turn(round > 0);
}

void Benchmark::run_once() { take_turn(true); }

void Benchmark::take_turn(bool counts) {
  for (std::size_t i = 0; i < contenders_.size(); ++i) {
    try {
      Sample sample = contenders_[i].run();
      if (counts) samples_[i].push_back(std::move(sample));
    } catch (const BenchError& error) {
      throw BenchError(title_ + ", " + contenders_[i].name + ": " + error.what());
    }
  }
}

std::vector<double> Benchmark::values(std::size_t contender, const std::string& metric) const {
  std::vector<double> all;
  for (const Sample& sample : samples_[contender]) {
    if (const auto found = sample.find(metric); found != sample.end()) all.push_back(found->second);
  }
  return all;
}

bool Benchmark::has(Role role) const {
  return std::any_of(contenders_.begin(), contenders_.end(), [&](const Contender& c) { return c.role == role; });
}

double Benchmark::median_of(Role role, const std::string& metric) const {
  for (std::size_t i = 0; i < contenders_.size(); ++i) {
    if (contenders_[i].role == role) return median(values(i, metric));
  }
  return 0;
}

void Benchmark::print(const std::vector<std::string>& metrics) const {
  std::printf("\n### %s\n", title_.c_str());
  for (const std::string& metric : metrics) {
    const double floor = median_of(Role::kFloor, metric), peer = median_of(Role::kPeer, metric);
    std::printf("\n| %-44s | %10s | %17s | %3s | %7s | %7s |\n", "", metric.c_str(), "min - max", "N", "x floor",
                "x peer");
    std::printf("| %s | ---: | ---: | ---: | ---: | ---: |\n", std::string(44, '-').c_str());
    for (std::size_t i = 0; i < contenders_.size(); ++i) {
      const std::vector<double> all = values(i, metric);
      if (all.empty()) continue;
      const auto [low, high] = std::minmax_element(all.begin(), all.end());
      const double middle = median(all);
      std::printf("| %-44s | %10s | %17s | %3zu | %7s | %7s |\n", contenders_[i].name.c_str(), number(middle).c_str(),
                  (number(*low) + " - " + number(*high)).c_str(), all.size(), ratio(middle, floor).c_str(),
                  ratio(middle, peer).c_str());
    }
  }
  (void)std::fflush(stdout);
}

void Targets::add(Target target) { targets_.push_back(std::move(target)); }
void Targets::at_most(std::string_view what, double value, double bound) {
  add({std::string(what), value, bound, true});
}
void Targets::at_least(std::string_view what, double value, double bound) {
  add({std::string(what), value, bound, false});
}

bool Targets::print() const {
  std::printf("\n### Targets\n\n| %-72s | %9s | %8s | %-7s |\n", "", "wanted", "measured", "");
  std::printf("| %s | ---: | ---: | --- |\n", std::string(72, '-').c_str());
  for (const Target& target : targets_) {
    std::printf("| %-72s | %9s | %8s | %-7s |\n", target.what.c_str(),
                ((target.at_most ? "<= " : ">= ") + number(target.bound)).c_str(), number(target.value).c_str(),
                target.met() ? "met" : "NOT MET");
  }
  return std::all_of(targets_.begin(), targets_.end(), [](const Target& target) { return target.met(); });
}

}  // namespace stapsh::bench
