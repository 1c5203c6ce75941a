// SPDX-License-Identifier: Apache-2.0
#include "client/report/metrics.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "base/shown_text.h"
#include "client/events/run_result.h"
#include "client/report/page_json.h"
#include "client/report/stack_key.h"

namespace stapsh::client::report {
namespace {

constexpr std::string_view kFailed = "rstap_target_failed", kMapHosts = "rstap_map_hosts",
                           kMapAsked = "rstap_map_hosts_asked", kLost = "rstap_target_lost_events",
                           kEnded = "rstap_run_end_timestamp_seconds";

constexpr std::size_t kLabelBytesMax = 1024;

// What a label's value may be: UTF-8, in which the text of a target can end neither the value nor the line.
std::string label_text(std::string_view text) {
  std::string safe;
  for (const char c : shown_text(text, kLabelBytesMax)) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

// What a line of HELP may be: a quote stands for itself there.
std::string help_text(std::string_view text) {
  std::string safe;
  for (const char c : shown_text(text, kLabelBytesMax)) {
    if (c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

class Writer {
 public:
  explicit Writer(const Report& report) : report_(report) {
    for (const Target& target : report.targets) hosts_.push_back(label_text(target.name));
    for (const std::string_view name : {kFailed, kMapHosts, kMapAsked, kLost, kEnded}) used_.emplace(name);
  }
  std::string text() && {
    for (const Map& map : report_.maps) {
      if (!has_stacks(map)) write_map(map);
    }
    write_run();
    return std::move(text_);
  }

 private:
  void head(std::string_view name, std::string_view type, std::string_view help) {
    ((((text_ += "# HELP ") += name) += ' ') += help) += '\n';
    ((((text_ += "# TYPE ") += name) += ' ') += type) += '\n';
  }
  void sample(std::string_view name, std::string_view labels, std::string_view value) {
    (((((text_ += name) += '{') += labels) += "} ") += value) += '\n';
  }
  std::string host_label(std::size_t target) const { return "host=\"" + hosts_.at(target) + '"'; }

  // Names that a scraper could take for a part of another family end otherwise.
  std::string family(std::string_view map, bool is_counter) {
    static constexpr std::array<std::string_view, 5> kTaken{"_total", "_count", "_sum", "_bucket", "_info"};
    std::string name = "rstap_";
    for (const char c : map.substr(map.starts_with('@') ? 1 : 0)) {
      const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (is_word || (c == '_' && !name.ends_with('_'))) name += c;
      if (!is_word && !name.ends_with('_')) name += '_';
    }
    while (name.ends_with('_')) name.pop_back();
    if (name == "rstap") name += "_map";
    if (is_counter) {
      if (!name.ends_with("_total")) name += "_total";
    } else if (std::ranges::any_of(kTaken, [&](std::string_view end) { return name.ends_with(end); })) {
      name += "_value";
    }
    std::string free = name;
    for (int n = 2; !used_.insert(free).second; ++n) free = name + '_' + std::to_string(n);
    return free;
  }

  void write_map(const Map& map) {
    std::vector<std::string> keys;
    std::unordered_map<std::string, std::size_t> known;  // And how often it was asked for.
    for (const std::string& key : map.keys) {            // Two that are spelled the same would be one series.
      const std::string spelled = label_text(key);
      std::string label = spelled;
      // Thousands of long keys may begin alike: each goes on where the last one found its number.
      while (!known.try_emplace(label, 1).second) label = spelled + '#' + std::to_string(++known[spelled]);
      keys.push_back(std::move(label));
    }
    const auto each = [&](auto&& write) {
      for (const HostColumn& host : map.hosts) {
        for (const auto& [key, value] : host.values) {
          write(host_label(host.target) + (map.keyed ? ",key=\"" + keys.at(key) + '"' : std::string()), key, value);
        }
      }
    };
    bool numbers = false, stats = false, histograms = false;
    each([&](const std::string&, KeyIndex, const Value& value) {
      numbers |= std::holds_alternative<Number>(value);
      stats |= std::holds_alternative<Stats>(value);
      histograms |= std::holds_alternative<Histogram>(value);
    });
    const std::string help = help_text(map.name) + " of the traced program, " + std::string(kind_name(map.kind));
    if (numbers) {
      const bool is_counter = map.kind == MapKind::kCount;
      const std::string name = family(map.name, is_counter);
      head(name, is_counter ? "counter" : "gauge", help);
      each([&](const std::string& labels, KeyIndex, const Value& value) {
        if (const auto* number = std::get_if<Number>(&value)) sample(name, labels, to_text(*number));
      });
    }
    if (stats) {
      const std::string name = family(map.name, false);
      head(name, "summary", help);
      each([&](const std::string& labels, KeyIndex, const Value& value) {
        if (const auto* both = std::get_if<Stats>(&value)) {
          sample(name + "_sum", labels, to_text(both->total));
          sample(name + "_count", labels, to_text(both->count));
        }
      });
    }
    if (histograms) {
      const std::string name = family(map.name, false);
      head(name, "histogram", help);
      each([&](const std::string& labels, KeyIndex key, const Value& value) {
        if (const auto* histogram = std::get_if<Histogram>(&value)) {
          write_histogram(name, labels, *histogram, std::get_if<Histogram>(&map.sums.at(key)));
        }
      });
    }
  }

  // `all`: the fleet's; every host then has the same buckets, so that they can be added up by "le".
  void write_histogram(const std::string& name, const std::string& labels, const Histogram& own, const Histogram* all) {
    std::map<std::int64_t, Number> at;  // By the inclusive upper bound.
    Number count = 0;
    if (all) {
      for (const Bucket& bucket : *all) {
        if (bucket.max) at.try_emplace(*bucket.max, 0);
      }
    }
    for (const Bucket& bucket : own) {
      if (bucket.max) at[*bucket.max] += static_cast<Number>(bucket.count);
      count += static_cast<Number>(bucket.count);
    }
    Number below = 0;
    for (const auto& [bound, number] : at) {
      below += number;
      sample(name + "_bucket", labels + ",le=\"" + std::to_string(bound) + '"', to_text(below));
    }
    sample(name + "_bucket", labels + ",le=\"+Inf\"", to_text(count));
    sample(name + "_count", labels, to_text(count));
  }

  void write_run() {
    if (!report_.targets.empty()) {
      head(kFailed, "gauge", "Whether the run failed on this host");
      for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const std::optional<Outcome>& outcome = report_.targets[i].outcome;
        sample(kFailed, host_label(i), !outcome || is_failure(*outcome) ? "1" : "0");
      }
    }
    std::map<std::string, const Map*> maps;
    for (const Map& map : report_.maps) maps.emplace(label_text(map.name), &map);
    if (!maps.empty()) {
      head(kMapHosts, "gauge", "Hosts that gave data");
      for (const auto& [name, map] : maps) {
        sample(kMapHosts, "map=\"" + name + '"', std::to_string(map->hosts.size()));
      }
      head(kMapAsked, "gauge", "Hosts that were asked for data");
      for (const auto& [name, map] : maps) sample(kMapAsked, "map=\"" + name + '"', std::to_string(map->asked));
    }
    std::map<std::size_t, Number> lost;
    for (const Note& note : report_.notes) {
      if (note.kind == Note::Kind::kLost && note.target) lost[*note.target] += static_cast<Number>(note.lost);
    }
    if (!lost.empty()) {
      head(kLost, "gauge", "Events that the runner lost");
      for (const auto& [target, number] : lost) sample(kLost, host_label(target), to_text(number));
    }
    head(kEnded, "gauge", "When the run ended");
    ((text_ += kEnded) += ' ');
    append_page_seconds(text_, report_.ended);
    text_ += '\n';
  }

  const Report& report_;
  std::vector<std::string> hosts_;
  std::set<std::string> used_;
  std::string text_;
};

}  // namespace

std::string metrics_text(const Report& report) { return Writer(report).text(); }

}  // namespace stapsh::client::report
