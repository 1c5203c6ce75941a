// SPDX-License-Identifier: Apache-2.0
// Fleets are generated, so that what is said of them can be counted: with seeds, so that it is always the same.
#include "client/answers/deviation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <functional>
#include <random>
#include <string_view>

namespace stapsh::client {
namespace {

using Random = std::mt19937_64;
using Draw = std::function<double(Random&)>;

constexpr int kFleets = 200;
constexpr double kFalseAlarmsMax = 0.01, kFoundMin = 0.95;

Histogram log_histogram(const std::vector<double>& values) {
  Histogram histogram{{0, 0, 0}, {1, 1, 0}};
  for (int power = 1; power < 62; ++power) {
    histogram.push_back({std::int64_t{1} << power, (std::int64_t{1} << (power + 1)) - 1, 0});
  }
  for (const double value : values) {
    const auto whole = static_cast<std::uint64_t>(std::max(0.0, value));
    ++histogram[whole == 0 ? 0 : static_cast<std::size_t>(std::bit_width(whole))].count;
  }
  return histogram;
}

struct Fleet {
  std::vector<Histogram> hosts;
  [[nodiscard]] std::vector<Deviation> deviations() const {
    std::vector<const Histogram*> pointers;
    for (const Histogram& host : hosts) pointers.push_back(&host);
    return compare_histograms(pointers);
  }
};

Fleet fleet_of(Random& random, std::size_t hosts, int values, const Draw& draw, const Draw& odd) {
  Fleet fleet;
  for (std::size_t host = 0; host < hosts; ++host) {
    std::vector<double> measured;
    for (int i = 0; i < values; ++i) measured.push_back((host == 0 ? odd : draw)(random));
    fleet.hosts.push_back(log_histogram(measured));
  }
  return fleet;
}

struct Sort {
  const char* name;
  Draw draw;
};
std::vector<Sort> sorts() {
  return {
      {"lognormal, like latencies", [](Random& random) { return std::lognormal_distribution(4.0, 1.0)(random); }},
      {"exponential", [](Random& random) { return std::exponential_distribution(0.01)(random); }},
      {"heavy tail",
       [](Random& random) { return 20 * std::pow(std::uniform_real_distribution(1e-9, 1.0)(random), -0.7); }},
      {"two humps, cache and disk",
       [](Random& random) {
         const bool hit = std::bernoulli_distribution(0.9)(random);
         return std::lognormal_distribution(hit ? 2.0 : 8.0, 0.5)(random);
       }},
      {"all in one bucket", [](Random&) { return 5.0; }},
  };
}

// Scaled as a whole: everything on this host takes four times as long.
Draw four_times(const Draw& draw) {
  return [draw](Random& random) { return 4 * draw(random); };
}

TEST(Deviation, EqualHostsNameNobody) {
  for (const Sort& sort : sorts()) {
    for (const auto& [hosts, values] : {std::pair{3, 1000}, {10, 100}, {40, 1000}}) {
      Random random(42);
      int alarms = 0;
      const int fleets = hosts > 10 ? kFleets / 2 : kFleets;
      for (int i = 0; i < fleets; ++i) {
        alarms += fleet_of(random, static_cast<std::size_t>(hosts), values, sort.draw, sort.draw).deviations().empty()
                      ? 0
                      : 1;
      }
      EXPECT_LE(alarms, kFalseAlarmsMax * fleets) << sort.name << ", " << hosts << " hosts, " << values << " values";
    }
  }
}

TEST(Deviation, HostsThatDifferALittleByNatureNameNobody) {
  for (const Sort& sort : sorts()) {
    // One bucket more is the least that such hosts can differ by: no way to tell nature from trouble.
    if (std::string_view(sort.name) == "all in one bucket") continue;
    Random random(7);
    int alarms = 0;
    for (int i = 0; i < kFleets / 4; ++i) {
      Fleet fleet;
      for (int host = 0; host < 40; ++host) {
        const double pace = std::lognormal_distribution(0.0, 0.3)(random);
        const Draw own = [&](Random& r) { return pace * sort.draw(r); };
        fleet.hosts.push_back(fleet_of(random, 1, 2000, own, own).hosts.front());
      }
      alarms += fleet.deviations().empty() ? 0 : 1;
    }
    EXPECT_LE(alarms, kFalseAlarmsMax * kFleets / 4) << sort.name;
  }
}

TEST(Deviation, AHostFourTimesAsSlowIsFound) {
  for (const Sort& sort : sorts()) {
    for (const auto& [hosts, values] : {std::pair{3, 1000}, {10, 100}, {40, 1000}}) {
      Random random(43);
      int found = 0, others = 0;
      const int fleets = hosts > 10 ? kFleets / 2 : kFleets;
      for (int i = 0; i < fleets; ++i) {
        const auto deviations =
            fleet_of(random, static_cast<std::size_t>(hosts), values, sort.draw, four_times(sort.draw)).deviations();
        found += !deviations.empty() && deviations.front().host == 0 && deviations.front().more ? 1 : 0;
        others += deviations.size() > 1 ? 1 : 0;
      }
      EXPECT_GE(found, kFoundMin * fleets) << sort.name << ", " << hosts << " hosts, " << values << " values";
      EXPECT_LE(others, std::max(1.0, kFalseAlarmsMax * fleets))
          << sort.name << ", " << hosts << " hosts, " << values << " values";
    }
  }
}

// The usual trouble: most is as always, but the slowest two hundredths are not.
TEST(Deviation, AHostOfWhichOnlyTheTailIsSlowIsFound) {
  for (const Sort& sort : sorts()) {
    Random random(44);
    std::vector<double> sample;
    for (int i = 0; i < 100'000; ++i) sample.push_back(sort.draw(random));
    std::ranges::sort(sample);
    const double p99 = sample[99'000];
    const Draw odd = [&](Random& r) {
      return std::bernoulli_distribution(0.02)(r) ? std::uniform_real_distribution(4 * p99, 8 * p99)(r) : sort.draw(r);
    };
    int found = 0;
    for (int i = 0; i < kFleets / 4; ++i) {
      const auto deviations = fleet_of(random, 40, 2000, sort.draw, odd).deviations();
      found += !deviations.empty() && deviations.front().host == 0 && deviations.front().more ? 1 : 0;
    }
    EXPECT_GE(found, kFoundMin * kFleets / 4) << sort.name;
  }
}

TEST(Deviation, Amounts) {
  for (const bool counted : {true, false}) {
    Random random(45);
    int alarms = 0, found = 0;
    for (int i = 0; i < kFleets; ++i) {
      std::vector<double> hosts;
      for (int host = 0; host < 40; ++host)
        hosts.push_back(std::poisson_distribution(i % 2 == 0 ? 3.0 : 1000.0)(random));
      alarms += compare_amounts(hosts, counted).empty() ? 0 : 1;
      hosts[3] = 4 * 1000;
      const auto deviations = compare_amounts(hosts, counted);
      found += !deviations.empty() && deviations.front().host == 3 ? 1 : 0;
    }
    EXPECT_LE(alarms, kFalseAlarmsMax * kFleets);
    EXPECT_GE(found, kFoundMin * kFleets);
  }
}

// The largest of many values varies much more than their sum.
TEST(Deviation, ExtremesOfEqualHostsNameNobody) {
  Random random(46);
  int alarms = 0;
  for (int i = 0; i < kFleets; ++i) {
    std::vector<double> hosts;
    for (int host = 0; host < 40; ++host) {
      double largest = 0;
      for (int value = 0; value < 500; ++value) {
        largest = std::max(largest, std::lognormal_distribution(4.0, 1.0)(random));
      }
      hosts.push_back(largest);
    }
    alarms += compare_amounts(hosts, false).empty() ? 0 : 1;
  }
  EXPECT_LE(alarms, kFalseAlarmsMax * kFleets);
}

TEST(Deviation, Shares) {
  Random random(47);
  int alarms = 0, found = 0;
  for (int i = 0; i < kFleets; ++i) {
    std::vector<double> parts, wholes;
    for (int host = 0; host < 40; ++host) {
      wholes.push_back(std::poisson_distribution(500.0)(random));
      parts.push_back(std::binomial_distribution(static_cast<int>(wholes.back()), 0.2)(random));
    }
    alarms += compare_shares(parts, wholes, true).empty() ? 0 : 1;
    parts[5] = 0.6 * wholes[5];
    const auto deviations = compare_shares(parts, wholes, true);
    found += deviations.size() == 1 && deviations.front().host == 5 ? 1 : 0;
  }
  EXPECT_LE(alarms, kFalseAlarmsMax * kFleets);
  EXPECT_GE(found, kFoundMin * kFleets);
}

TEST(Deviation, FewHostsOrValuesAreNoFleet) {
  const Histogram fast = log_histogram(std::vector<double>(1000, 5)),
                  slow = log_histogram(std::vector<double>(1000, 500));
  const Histogram* hosts[] = {&fast, &slow, nullptr};
  EXPECT_TRUE(compare_histograms(hosts).empty());
  const Histogram none;
  const Histogram* empty[] = {&none, &none, &none};
  EXPECT_TRUE(compare_histograms(empty).empty());
  EXPECT_TRUE(compare_amounts(std::vector<double>{1, 100}, true).empty());
  EXPECT_TRUE(compare_amounts(std::vector<double>{-1, -1, -100}, false).empty());
}

}  // namespace
}  // namespace stapsh::client
