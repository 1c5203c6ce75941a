// SPDX-License-Identifier: Apache-2.0
#include "scripted_runner.h"

#include <cstdio>
#include <deque>
#include <utility>

namespace stapsh::fleet {
namespace {

constexpr unsigned kKeys = 100;
constexpr Duration kInterval = std::chrono::seconds(1);
constexpr std::size_t kFloodBytes = 65'536;  // A pipe full.

std::string flood() {
  std::string text;
  while (text.size() < kFloodBytes)
    text += "{\"type\": \"printf\", \"data\": \"a line of a flood, and then another\\n\"}\n";
  return text;
}

}  // namespace

std::optional<Scenario> scenario_of(std::string_view name) {
  if (name == "maps") return Scenario::kMaps;
  if (name == "flood") return Scenario::kFlood;
  if (name == "quiet") return Scenario::kQuiet;
  return std::nullopt;
}

std::string map_line(unsigned print) {
  std::string text = R"({"type": "map", "data": {"@": {)";
  for (unsigned key = 0; key < kKeys; ++key) {
    char name[16];
    (void)std::snprintf(name, sizeof name, "key-%03u", key);
    text.append(key > 0 ? ", \"" : "\"").append(name).append("\": ").append(std::to_string(print * (key + 1)));
  }
  return text + "}}}\n";
}

ScriptedRunner::ScriptedRunner(Scenario scenario, TimePoint now) : scenario_(scenario), next_at_(now + kInterval) {}

std::string ScriptedRunner::write(TimePoint now) {
  static std::deque<std::string> maps;  // Each host prints the same ones.
  const auto map = [&] {
    while (maps.size() <= prints_) maps.push_back(map_line(static_cast<unsigned>(maps.size()) + 1));
    return maps[prints_++];
  };
  std::string text;
  if (exited_) return text;
  if (!std::exchange(begun_, true)) text = "{\"type\": \"attached_probes\", \"data\": {\"probes\": 1}}\n";
  if (stopping_) {
    exited_ = true;
    return text + map();
  }
  if (scenario_ == Scenario::kFlood) {
    static const std::string kFlood = flood();
    return text + kFlood;
  }
  if (scenario_ == Scenario::kMaps && now >= next_at_) {
    next_at_ += kInterval;
    if (next_at_ <= now) next_at_ = now + kInterval;  // It waited for its pipe.
    text += map();
  }
  return text;
}

std::optional<TimePoint> ScriptedRunner::next_at() const {
  if (exited_ || scenario_ != Scenario::kMaps) return std::nullopt;
  return next_at_;
}

}  // namespace stapsh::fleet
