// SPDX-License-Identifier: Apache-2.0
#include "client/report/report_data.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <span>

#include "base/overloaded.h"
#include "client/events/fold_names.h"
#include "client/events/run_result.h"
#include "client/report/page_json.h"
#include "client/report/stack_tree.h"

namespace stapsh::client::report {
namespace {

// What a JSON object or array is written with: commas where they belong.
class Members {
 public:
  Members(std::string& to, char open, char close) : to_(to), close_(close) { to_ += open; }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;
  ~Members() { to_ += close_; }
  std::string& next() {
    if (!first_) to_ += ',';
    first_ = false;
    return to_;
  }
  std::string& next(std::string_view name) { return ((next() += '"') += name) += "\":"; }

 private:
  std::string& to_;
  char close_;
  bool first_ = true;
};

void append_line(std::string& to, std::string_view text) { append_page_text(to, text, kLineBytesMax); }
void append_count(std::string& to, std::uint64_t count) { append_page_number(to, static_cast<Number>(count)); }
// Of what the page reckons with: never more than its numbers hold.
void append_amount(std::string& to, std::uint64_t amount) {
  constexpr std::uint64_t kExactMax = std::uint64_t{1} << 53U;
  append_count(to, std::min(amount, kExactMax));
}

// `append(to, item)` for each item.
template <typename Items, typename Append>
void append_array(std::string& to, const Items& items, Append append) {
  Members array(to, '[', ']');
  for (const auto& item : items) append(array.next(), item);
}

using Bounds = std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>>;
// In ascending order; without a lower bound first.
using BucketNumbers = std::map<Bounds, std::size_t>;

void collect_buckets(BucketNumbers& buckets, const Histogram& histogram) {
  for (const Bucket& bucket : histogram) buckets.try_emplace({bucket.min, bucket.max}, 0);
}

BucketNumbers buckets_of(const Map& map) {
  BucketNumbers buckets;
  for (const HostColumn& host : map.hosts) {
    for (const auto& [key, value] : host.values) {
      if (const auto* histogram = std::get_if<Histogram>(&value)) collect_buckets(buckets, *histogram);
    }
  }
  const auto collect_sum = [&](const Sum& sum) {
    if (const auto* histogram = std::get_if<Histogram>(&sum)) collect_buckets(buckets, *histogram);
  };
  for (const Sum& sum : map.sums) collect_sum(sum);
  for (const Snapshot& snapshot : map.snapshots) {
    for (const auto& [key, sum] : snapshot.sums) collect_sum(sum);
  }
  std::size_t number = 0;
  for (auto& [bounds, index] : buckets) index = number++;
  return buckets;
}

void append_buckets(std::string& to, const BucketNumbers& buckets) {
  append_array(to, buckets, [](std::string& out, const auto& bucket) {
    const auto append_bound = [&](const std::optional<std::int64_t>& bound) {
      bound ? append_page_number(out, *bound) : void(out += "null");
    };
    out += '[';
    append_bound(bucket.first.first);
    out += ',';
    append_bound(bucket.first.second);
    out += ']';
  });
}

// Values and sums share their spelling: a number, {"c","t"}, [bucket, count, …], a string, {"min","med","max","hosts"},
// {"why"}, null.
struct ValueWriter {
  std::string& to;
  const BucketNumbers& buckets;

  void operator()(Number number) const { append_page_number(to, number); }
  void operator()(const Stats& stats) const {
    Members object(to, '{', '}');
    append_page_number(object.next("c"), stats.count);
    append_page_number(object.next("t"), stats.total);
  }
  void operator()(const Histogram& histogram) const {
    Members array(to, '[', ']');
    for (const Bucket& bucket : histogram) {
      if (bucket.count == 0) continue;
      append_count(array.next(), buckets.at({bucket.min, bucket.max}));
      append_count(array.next(), bucket.count);
    }
  }
  void operator()(const Text& text) const { append_line(to, text.json); }
  void operator()(const Spread& spread) const {
    Members object(to, '{', '}');
    append_page_number(object.next("min"), spread.min);
    append_page_number(object.next("med"), spread.median);
    append_page_number(object.next("max"), spread.max);
    append_count(object.next("hosts"), spread.hosts);
  }
  void operator()(const NotMerged& none) const {
    if (none.why.empty()) {
      to += "null";
      return;
    }
    Members object(to, '{', '}');
    append_line(object.next("why"), none.why);
  }
};

// "k": the keys, each less the one before it; "v": their values.
template <typename Values>
void append_values(Members& object, const Values& values, const BucketNumbers& buckets) {
  KeyIndex before = 0;
  append_array(object.next("k"), values, [&](std::string& out, const auto& value) {
    append_page_number(out, static_cast<Number>(value.first) - static_cast<Number>(before));
    before = value.first;
  });
  append_array(object.next("v"), values, [&](std::string& out, const auto& value) {
    std::visit(ValueWriter{out, buckets}, value.second);
  });
}

void append_stacks(std::string& to, const Map& map) {
  const StackTree tree = make_stack_tree(map);
  std::map<std::string_view, std::size_t> modules;
  for (const Frame& frame : tree.frames) modules.try_emplace(frame.module, 0);
  std::size_t number = 0;
  for (auto& [name, index] : modules) index = number++;

  Members object(to, '{', '}');
  append_array(object.next("name"), tree.frames, [](std::string& out, const Frame& f) { append_line(out, f.name); });
  append_array(object.next("module"), tree.frames,
               [&](std::string& out, const Frame& frame) { append_count(out, modules.at(frame.module)); });
  append_array(object.next("modules"), modules, [](std::string& out, const auto& m) { append_line(out, m.first); });
  std::string kinds;
  for (const Frame& frame : tree.frames) kinds += "lku?"[static_cast<std::size_t>(frame.kind)];
  append_page_text(object.next("kind"), kinds);
  append_array(object.next("depth"), tree.nodes,
               [](std::string& out, const StackTree::Node& node) { append_count(out, node.depth); });
  append_array(object.next("frame"), tree.nodes,
               [](std::string& out, const StackTree::Node& node) { append_count(out, node.frame); });
  append_array(object.next("leaf"), tree.leaves, append_count);
}

void append_missing(std::string& to, const Report& report, const Map& map) {
  std::map<std::string, std::vector<std::size_t>> by_reason;
  for (const Missing& missing : map.missing) by_reason[missing.why].push_back(missing.target);
  append_array(to, by_reason, [&](std::string& out, const auto& reason) {
    std::vector<std::string> names;
    for (const std::size_t target : reason.second) names.push_back(report.targets.at(target).name);
    Members object(out, '{', '}');
    append_line(object.next("why"), reason.first);
    append_line(object.next("names"), fold_names(names));
    append_array(object.next("t"), reason.second, append_count);
  });
}

std::size_t figures_of(const Value& value) {
  constexpr std::size_t kFigureBytes = 6;
  return std::visit(
      Overloaded{[](Number) -> std::size_t { return 1; }, [](const Stats&) -> std::size_t { return 2; },
                 [](const Histogram& histogram) { return histogram.size() * 2; },
                 [](const Text& text) { return 1 + std::min(text.json.size(), kLineBytesMax) / kFigureBytes; }},
      value);
}

double size_of(const Sum& sum) {
  return std::visit(
      Overloaded{[](Number number) { return std::abs(to_double(number)); },
                 [](const Stats& stats) { return to_double(stats.count); },
                 [](const Histogram& histogram) {
                   double count = 0;
                   for (const Bucket& bucket : histogram) count += static_cast<double>(bucket.count);
                   return count;
                 },
                 [](const Spread& spread) { return to_double(spread.max); }, [](const NotMerged&) { return 0.0; }},
      sum);
}

// By key, whether the page says what each host said of it. Empty: of all.
std::vector<bool> keys_by_host(const Map& map) {
  std::vector<std::size_t> figures(map.keys.size());
  std::size_t all = 0;
  for (const HostColumn& host : map.hosts) {
    for (const auto& [key, value] : host.values) {
      const std::size_t more = figures_of(value);
      figures.at(key) += more;
      all += more;
    }
  }
  if (all <= kHostFiguresMax) return {};
  std::vector<std::pair<double, KeyIndex>> order;
  for (KeyIndex key = 0; key < map.keys.size(); ++key) order.emplace_back(-size_of(map.sums.at(key)), key);
  std::ranges::sort(order);
  std::vector<bool> shown(map.keys.size());
  std::size_t used = 0;
  for (const auto& [size, key] : order) {
    used += figures[key];
    if (used > kHostFiguresMax) break;
    shown[key] = true;
  }
  return shown;
}

void append_series(std::string& to, const Report& report, const Series& series) {
  Members object(to, '{', '}');
  append_array(object.next("at"), series.at,
               [&](std::string& out, WallTime at) { append_page_seconds(out, at - report.began); });
  append_array(object.next("keys"), series.keys, append_line);
  append_array(object.next("lines"), series.lines, [](std::string& out, const auto& line) {
    append_array(out, line, [](std::string& to_line, const std::optional<Number>& number) {
      number ? append_page_number(to_line, *number) : void(to_line += "null");
    });
  });
  append_count(object.next("hosts"), series.hosts);
  append_count(object.next("leftOut"), series.left_out);
  object.next("cumulative") += series.cumulative ? "true" : "false";
}

void append_map(std::string& to, const Report& report, const Map& map) {
  const BucketNumbers buckets = buckets_of(map);
  Members object(to, '{', '}');
  append_line(object.next("name"), map.name);
  append_page_text(object.next("kind"), kind_name(map.kind));
  object.next("keyed") += map.keyed ? "true" : "false";
  append_count(object.next("asked"), map.asked);
  append_amount(object.next("dropped"), map.dropped_keys);
  object.next("cumulative") += map.cumulative ? "true" : "false";
  append_missing(object.next("missing"), report, map);
  append_array(object.next("notes"), map.notes, append_line);
  append_array(object.next("faults"), map.faults, append_line);
  if (has_stacks(map)) {
    append_stacks(object.next("stacks"), map);
  } else {
    append_array(object.next("keys"), map.keys, append_line);
  }
  append_buckets(object.next("buckets"), buckets);
  append_array(object.next("sums"), map.sums, [&](std::string& out, const Sum& sum) {
    std::visit(ValueWriter{out, buckets}, sum);
  });
  const std::vector<bool> by_host = keys_by_host(map);
  if (!by_host.empty())
    append_count(object.next("byHost"), static_cast<std::uint64_t>(std::ranges::count(by_host, true)));
  append_array(object.next("hosts"), map.hosts, [&](std::string& out, const HostColumn& host) {
    Members column(out, '{', '}');
    append_count(column.next("t"), host.target);
    if (by_host.empty()) {
      append_values(column, host.values, buckets);
    } else {
      const auto is_shown = [&](const auto& value) { return by_host[value.first]; };
      std::vector<std::pair<KeyIndex, Value>> shown;
      std::ranges::copy_if(host.values, std::back_inserter(shown), is_shown);
      append_values(column, shown, buckets);
    }
  });
  if (map.series) append_series(object.next("series"), report, *map.series);
  append_array(object.next("snapshots"), map.snapshots, [&](std::string& out, const Snapshot& snapshot) {
    Members moment(out, '{', '}');
    append_page_seconds(moment.next("at"), snapshot.at - report.began);
    append_count(moment.next("hosts"), snapshot.hosts);
    append_values(moment, snapshot.sums, buckets);
  });
}

std::string_view outcome_word(const Target& target) {
  if (!target.outcome) return "cut";
  switch (target.outcome->kind) {
    case Outcome::Kind::kEnded:
      return "ended";
    case Outcome::Kind::kStopped:
      return "stopped";
    case Outcome::Kind::kFailed:
      break;
  }
  return "failed";
}

std::string_view remains_word(const Target& target) {
  if (!target.outcome) return "unknown";
  switch (target.outcome->remains) {
    case Outcome::Remains::kClean:
      return "clean";
    case Outcome::Remains::kLeft:
      return "left";
    case Outcome::Remains::kUntouched:
      return "untouched";
    case Outcome::Remains::kUnknown:
      break;
  }
  return "unknown";
}

std::string left_text(const Outcome& outcome) {
  std::string text;
  for (const LeftLine& left : outcome.left) {
    if (!text.empty()) text += ", ";
    text += left.kind == kUnknownKind ? left.name : left.kind + ' ' + left.name;
  }
  return text;
}

void append_targets(std::string& to, const Report& report) {
  Members object(to, '{', '}');
  const auto texts = [&](std::string_view name, auto text) {
    append_array(object.next(name), report.targets,
                 [&](std::string& out, const Target& t) { append_line(out, text(t)); });
  };
  const auto outcome_of = [](const Target& target) { return target.outcome.value_or(Outcome{}); };
  texts("name", [](const Target& target) -> const std::string& { return target.name; });
  texts("uri", [](const Target& target) -> const std::string& { return target.uri; });
  texts("kernel", [](const Target& target) -> const std::string& { return target.release; });
  texts("machine", [](const Target& target) -> const std::string& { return target.machine; });
  texts("agent", [](const Target& target) -> const std::string& { return target.agent; });
  texts("runner", [](const Target& target) -> const std::string& { return target.runner; });
  texts("outcome", [](const Target& target) { return outcome_word(target); });
  texts("reason", [&](const Target& target) { return outcome_of(target).reason; });
  texts("remains", [](const Target& target) { return remains_word(target); });
  texts("left", [&](const Target& target) { return left_text(outcome_of(target)); });
  texts("killed", [&](const Target& target) { return outcome_of(target).killed; });
  append_array(object.next("failed"), report.targets, [&](std::string& out, const Target& target) {
    out += !target.outcome || is_failure(*target.outcome) ? '1' : '0';
  });
  append_array(object.next("code"), report.targets, [&](std::string& out, const Target& target) {
    const std::optional<int> code = outcome_of(target).exit_code;
    out += code ? std::to_string(*code) : "null";
  });
  append_array(object.next("stdout"), report.targets,
               [](std::string& out, const Target& target) { append_amount(out, target.stdout_bytes); });
  append_array(object.next("stderr"), report.targets,
               [](std::string& out, const Target& target) { append_amount(out, target.stderr_bytes); });
  append_array(object.next("offset"), report.targets, [](std::string& out, const Target& target) {
    target.clock_offset ? append_page_seconds(out, *target.clock_offset) : void(out += "null");
  });
  // State, begin, end, state, …
  append_array(object.next("phases"), report.targets, [&](std::string& out, const Target& target) {
    Members phases(out, '[', ']');
    for (const Phase& phase : target.phases) {
      append_count(phases.next(), static_cast<std::uint64_t>(phase.state));
      append_page_seconds(phases.next(), phase.begin - report.began);
      append_page_seconds(phases.next(), phase.end - report.began);
    }
  });
}

std::string_view note_word(Note::Kind kind) {
  switch (kind) {
    case Note::Kind::kInfo:
      return "info";
    case Note::Kind::kWarning:
      return "warning";
    case Note::Kind::kForeign:
      return "said";
    case Note::Kind::kError:
      return "error";
    case Note::Kind::kLost:
      break;
  }
  return "lost";
}

void append_note(std::string& to, const Report& report, const Note& note) {
  Members object(to, '{', '}');
  append_page_seconds(object.next("at"), note.at - report.began);
  if (note.target) append_count(object.next("t"), *note.target);
  append_page_text(object.next("kind"), note_word(note.kind));
  append_page_text(object.next("text"), note.text, kTextBytesMax);
  if (note.kind == Note::Kind::kLost) append_amount(object.next("lost"), note.lost);
}

}  // namespace

std::string report_data(const Report& report) {
  std::string data;
  {
    Members object(data, '{', '}');
    object.next("format") += '1';
    append_page_text(object.next("command"), report.command, kTextBytesMax);
    append_line(object.next("script"), report.script);
    append_page_text(object.next("text"), report.script_text, kTextBytesMax);
    append_line(object.next("sha256"), report.sha256);
    append_line(object.next("version"), report.version);
    append_page_seconds(object.next("began"), report.began);
    append_page_seconds(object.next("took"), report.ended - report.began);
    object.next("code") += report.exit_code ? std::to_string(*report.exit_code) : "null";
    {
      Members states(object.next("states"), '[', ']');
      for (std::size_t i = 0; i < kTargetStates; ++i) {
        append_page_text(states.next(), state_name(static_cast<TargetState>(i)));
      }
    }
    append_targets(object.next("targets"), report);
    append_array(object.next("maps"), report.maps,
                 [&](std::string& out, const Map& map) { append_map(out, report, map); });
    append_array(object.next("notes"), report.notes,
                 [&](std::string& out, const Note& note) { append_note(out, report, note); });
  }
  return data;
}

}  // namespace stapsh::client::report
