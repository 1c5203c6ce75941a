// SPDX-License-Identifier: Apache-2.0
#include "sample_reports.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <string>

#include "client/report/stack_order.h"

namespace stapsh::client::report {
namespace {

using std::chrono::milliseconds;
using Random = std::mt19937_64;

constexpr WallTime kBegan = std::chrono::seconds(1'795'750'245);
constexpr std::string_view kScript = R"(/* Latency of block I/O, and who waits for it. */
tracepoint:block:block_rq_issue { @start[args->sector] = nsecs; }
tracepoint:block:block_rq_complete /@start[args->sector]/ {
  $us = (nsecs - @start[args->sector]) / 1000;
  @usecs = hist($us);
  @by_comm[comm] = hist($us);
  @size = lhist(args->nr_sector, 0, 100, 10);
  @requests[comm] = count();
  @total = sum(args->nr_sector);
  @wait[comm] = stats($us);
  @longest[comm] = max($us);
  @average[comm] = avg($us);
  delete(@start[args->sector]);
}
profile:hz:99 { @stacks[kstack, ustack, comm] = count(); }
interval:s:1 { print(@usecs); }
)";

std::size_t below(Random& random, std::size_t limit) { return static_cast<std::size_t>(random() % limit); }

std::string host_name(std::size_t host, std::size_t hosts) {
  const auto padded = [&](std::size_t number) {
    std::string digits = std::to_string(number);
    return std::string(std::to_string(hosts).size() - std::min(std::to_string(hosts).size(), digits.size()), '0') +
           digits;
  };
  const std::size_t web = hosts * 7 / 10, db = hosts * 9 / 10;
  if (host < web) return "web" + padded(host + 1);
  if (host < db) return "db" + padded(host - web + 1);
  return "cache" + padded(host - db + 1);
}

Target make_target(Random& random, std::size_t host, std::size_t hosts) {
  Target target;
  target.name = host_name(host, hosts);
  target.uri = "ssh://root@" + target.name + ".example.net";
  const std::size_t lot = host == 4    ? 0
                          : host == 11 ? 1
                          : host == 16 ? 2
                          : host == 23 ? 3
                                       : 50 + below(random, hosts > 100 ? 200 : 40);
  Outcome outcome;
  WallTime at = kBegan;
  const auto phase = [&](TargetState state, std::size_t least, std::size_t spread) {
    const WallTime end = at + milliseconds(least + below(random, spread));
    target.phases.push_back({state, at, end});
    at = end;
  };
  phase(TargetState::kWaiting, 0, 1 + hosts / 32 * 40);
  phase(TargetState::kConnecting, 120, 700);
  if (lot == 0) {
    target.phases.back().end = kBegan + milliseconds(10'000);
    outcome.reason = "ssh: connect to host " + target.name + ".example.net port 22: Connection timed out";
    outcome.remains = Outcome::Remains::kUntouched;
    target.outcome = outcome;
    return target;
  }
  target.release = host % 9 == 8 ? "6.12.9+bpo-amd64" : "6.1.0-28-amd64";
  target.machine = host % 13 == 12 ? "aarch64" : "x86_64";
  target.agent = host % 5 == 4 ? "systemtap 4.8" : "stapsh 0.1.0";
  target.runner = host % 9 == 8 ? "bpftrace 0.23.2" : "bpftrace 0.17.0";
  target.clock_offset = milliseconds(static_cast<std::int64_t>(below(random, 9)) - 4);
  phase(TargetState::kSending, 20, 60);
  if (lot == 1) {
    outcome.reason = "bpftrace: 0.17.0 knows no tracepoint:block:block_rq_issue; is tracefs mounted?";
    outcome.remains = Outcome::Remains::kClean;
    target.outcome = outcome;
    return target;
  }
  phase(TargetState::kReady, 10, 100);
  phase(TargetState::kRunning, lot == 2 ? 9'000 : 30'000, 600);
  phase(TargetState::kStopping, lot == 3 ? 3'000 : 60, 300);
  outcome.kind = Outcome::Kind::kEnded;
  outcome.exit_code = lot == 2 ? 255 : lot == 51 ? 1 : 0;
  outcome.has_output = true;
  outcome.remains = Outcome::Remains::kClean;
  if (lot == 2) {
    outcome.kind = Outcome::Kind::kFailed;
    outcome.exit_code.reset();
    outcome.reason = "the connection was lost 9 s after the start";
    outcome.remains = Outcome::Remains::kUnknown;
  }
  if (lot == 3) {
    outcome.remains = Outcome::Remains::kLeft;
    outcome.left = {{"process", "4711 (bpftrace)"}, {"directory", "/run/stapsh/9f3c21"}};
    outcome.killed = "killed 3 s after it was told to stop";
  }
  target.outcome = outcome;
  target.stdout_bytes = 8'000 + below(random, 60'000);
  target.stderr_bytes = lot == 2 ? 312 : below(random, 3) == 0 ? 90 : 0;
  return target;
}

bool has_data(const Target& target) { return target.stdout_bytes > 0; }

// A map and who is missing; `make(host)` gives the values of one that is not.
template <typename Make>
Map make_map(const Report& report, std::string name, MapKind kind, std::vector<std::string> keys, Make make) {
  Map map;
  map.name = std::move(name);
  map.kind = kind;
  map.asked = report.targets.size();
  map.keyed = keys != std::vector<std::string>{""};
  map.keys = std::move(keys);
  for (std::size_t host = 0; host < report.targets.size(); ++host) {
    const Target& target = report.targets[host];
    if (has_data(target)) {
      map.hosts.push_back({host, make(host)});
    } else {
      const bool away = target.release.empty();
      map.missing.push_back({host, away ? "never connected" : "failed before it ran"});
    }
  }
  map.stacks = stack_order(report.script_text, map.name);
  return map;
}

// What hosts are together, by the map's kind.
void add_up(Map& map) {
  map.sums.assign(map.keys.size(), NotMerged{});
  std::map<KeyIndex, std::vector<Number>> averages;
  std::vector<bool> seen(map.keys.size());
  for (const HostColumn& host : map.hosts) {
    for (const auto& [key, value] : host.values) {
      Sum& sum = map.sums[key];
      if (map.kind == MapKind::kOther) continue;
      if (map.kind == MapKind::kAvg) {
        averages[key].push_back(std::get<Number>(value));
        continue;
      }
      if (!seen[key]) {
        seen[key] = true;
        std::visit(
            [&](const auto& v) {
              if constexpr (!std::is_same_v<std::decay_t<decltype(v)>, Text>) sum = v;
            },
            value);
        continue;
      }
      if (const auto* number = std::get_if<Number>(&value)) {
        Number& all = std::get<Number>(sum);
        all = map.kind == MapKind::kMax   ? std::max(all, *number)
              : map.kind == MapKind::kMin ? std::min(all, *number)
                                          : all + *number;
      } else if (const auto* stats = std::get_if<Stats>(&value)) {
        std::get<Stats>(sum).count += stats->count;
        std::get<Stats>(sum).total += stats->total;
      } else if (const auto* histogram = std::get_if<Histogram>(&value)) {
        auto& all = std::get<Histogram>(sum);
        for (const Bucket& bucket : *histogram) {
          const auto at =
              std::ranges::find_if(all, [&](const Bucket& b) { return b.min == bucket.min && b.max == bucket.max; });
          if (at == all.end())
            all.push_back(bucket);
          else
            at->count += bucket.count;
        }
        std::ranges::sort(all, {}, [](const Bucket& b) { return b.min.value_or(INT64_MIN); });
      }
    }
  }
  for (auto& [key, numbers] : averages) {
    std::ranges::sort(numbers);
    map.sums[key] = Spread{numbers.front(), numbers[numbers.size() / 2], numbers.back(), numbers.size()};
  }
}

Histogram log_histogram(Random& random, double median, double slow_share, std::size_t count) {
  std::normal_distribution<double> fast(std::log2(median), 1.1), slow(std::log2(median) + 5.5, 0.8);
  std::map<int, std::uint64_t> counts;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_slow = static_cast<double>(below(random, 1000)) < slow_share * 1000;
    ++counts[std::clamp(static_cast<int>(is_slow ? slow(random) : fast(random)), 0, 22)];
  }
  Histogram histogram;
  for (const auto& [bit, n] : counts) histogram.push_back({std::int64_t{1} << bit, (std::int64_t{2} << bit) - 1, n});
  return histogram;
}

Histogram linear_histogram(Random& random, std::size_t count) {
  Histogram histogram;
  for (std::int64_t low = 0; low < 100; low += 10) {
    const auto n = static_cast<std::uint64_t>(static_cast<double>(count) *
                                              std::exp(-std::abs(static_cast<double>(low) - 20) / 15));
    histogram.push_back({low, low + 9, n + below(random, 5)});
  }
  histogram.push_back({100, std::nullopt, below(random, 40)});
  return histogram;
}

constexpr std::array<std::string_view, 12> kComms{"postgres",        "nginx",   "redis-server", "kworker/2:1",
                                                  "jbd2/sda1-8",     "python3", "rsyslogd",     "cron",
                                                  "systemd-journal", "node",    "sshd",         "tmux: server"};

// Stacks as a program makes them: functions call some few others, so many stacks share their beginning.
class StackMaker {
 public:
  StackMaker(Random& random, std::size_t functions) : random_(random) {
    static constexpr std::array<std::string_view, 16> kVerbs{"read", "write", "alloc", "free",  "lookup", "submit",
                                                             "wait", "copy",  "parse", "flush", "lock",   "poll",
                                                             "send", "recv",  "map",   "queue"};
    static constexpr std::array<std::string_view, 16> kThings{"page",  "bio",    "inode",   "skb",   "buffer", "tuple",
                                                              "folio", "dentry", "request", "timer", "event",  "heap",
                                                              "index", "socket", "cache",   "task"};
    for (std::size_t i = 0; i < functions; ++i) {
      std::string name = std::string(kThings[i % 16]) + '_' + std::string(kVerbs[i / 16 % 16]);
      if (i >= 256) name += '_' + std::to_string(i / 256);
      user_.push_back(name);
      kernel_.push_back((i % 3 == 0 ? "__" : "") + name);
    }
  }
  std::string key() {
    const std::string_view comm = kComms[skewed(kComms.size())];
    const bool in_kernel = below(random_, 10) < 6;
    std::string user = "\n", kernel = "\n";
    const std::vector<std::string> called = path(user_, comm.size(), 3 + below(random_, 9));
    for (auto frame = called.rbegin(); frame != called.rend(); ++frame) user += line(*frame);
    if (below(random_, 12) == 0) user += "    0x7f" + std::to_string(1'000'000'000 + below(random_, 999'999)) + '\n';
    user += "    main+" + std::to_string(300 + comm.size()) + "\n    __libc_start_call_main+128\n";
    if (!in_kernel) return "," + user + ',' + std::string(comm);
    const std::vector<std::string> below_call = path(kernel_, comm.size() * 7, 2 + below(random_, 10));
    for (auto frame = below_call.rbegin(); frame != below_call.rend(); ++frame) kernel += line(*frame);
    kernel += "    do_syscall_64+96\n    entry_SYSCALL_64_after_hwframe+110\n";
    return kernel + ',' + user + ',' + std::string(comm);
  }

 private:
  std::size_t skewed(std::size_t limit) {
    return std::min(below(random_, limit), std::min(below(random_, limit), below(random_, limit)));
  }
  std::string line(const std::string& name) { return "    " + name + '+' + std::to_string(name.size() * 13) + '\n'; }
  std::vector<std::string> path(const std::vector<std::string>& functions, std::size_t at, std::size_t depth) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < depth; ++i) {
      at = (at * 31 + 7 * skewed(6) + 3) % functions.size();
      names.push_back(functions[at]);
    }
    return names;
  }
  Random& random_;
  std::vector<std::string> user_, kernel_;
};

Map make_stacks(const Report& report, Random& random, std::size_t stacks) {
  StackMaker maker(random, stacks > 10'000 ? 2048 : 256);
  std::map<std::string, bool> known;
  std::vector<std::string> keys;
  for (std::size_t tries = 0; keys.size() < stacks && tries < stacks * 20; ++tries) {
    if (std::string key = maker.key(); known.emplace(key, true).second) keys.push_back(std::move(key));
  }
  keys.emplace_back(",swapper/0");  // Without a stack.
  const std::size_t total = keys.size();
  Map map = make_map(report, "@stacks", MapKind::kCount, keys, [&](std::size_t host) {
    std::map<KeyIndex, Number> values;
    const std::size_t samples = std::min<std::size_t>(total, 600);
    for (std::size_t i = 0; i < samples; ++i) {
      const std::size_t key =
          i < total / std::max<std::size_t>(1, report.targets.size()) + 1
              ? (host * (total / std::max<std::size_t>(1, report.targets.size()) + 1) + i) % total
              : std::min(below(random, total), std::min(below(random, total), below(random, total)));
      const bool is_db = report.targets[host].name.starts_with("db");
      values[static_cast<KeyIndex>(key)] += 1 + static_cast<Number>(below(random, is_db && key % 5 == 0 ? 40 : 4));
    }
    return std::vector<std::pair<KeyIndex, Value>>(values.begin(), values.end());
  });
  add_up(map);
  return map;
}

// Of half a minute: a busy time in its middle. The last line begins late.
Series series_of(Random& random, std::vector<std::string> keys, bool cumulative) {
  Series series;
  series.keys = std::move(keys);
  series.cumulative = cumulative;
  series.hosts = 38;
  series.left_out = cumulative ? 0 : 2;
  for (int second = 1; second <= 30; ++second) {
    series.at.push_back(kBegan + std::chrono::seconds(second) + milliseconds(900));
  }
  for (std::size_t key = 0; key < series.keys.size(); ++key) {
    Number sofar = 0;
    std::vector<std::optional<Number>>& line = series.lines.emplace_back();
    for (std::size_t i = 0; i < series.at.size(); ++i) {
      const Number now = Number{900} / static_cast<Number>(key + 1) + static_cast<Number>(below(random, 120)) +
                         (i > 12 && i < 18 ? 700 : 0);
      sofar = cumulative ? sofar + now : now;
      line.push_back(key > 0 && key + 1 == series.keys.size() && i < 8 ? std::nullopt : std::optional(sofar));
    }
  }
  return series;
}

std::vector<std::string> comms() { return {kComms.begin(), kComms.end()}; }

}  // namespace

Report empty_report() {
  Report report;
  report.command = "hello.bt";
  report.script = "hello.bt";
  report.version = "rstap 0.1.0";
  report.began = kBegan;
  report.ended = kBegan + milliseconds(1'204);
  report.exit_code = 0;
  Outcome outcome{Outcome::Kind::kEnded, 0, {}, Outcome::Remains::kClean};
  report.targets.push_back({"localhost",
                            "stapsh:",
                            "6.1.0-28-amd64",
                            "x86_64",
                            "stapsh 0.1.0",
                            {},
                            outcome,
                            {{TargetState::kConnecting, kBegan, kBegan + milliseconds(4)},
                             {TargetState::kRunning, kBegan + milliseconds(4), kBegan + milliseconds(1'190)}}});
  return report;
}

Report fleet_report(std::size_t hosts, std::size_t stacks) {
  Random random(hosts);
  Report report;
  report.command =
      "biowait.bt --remote 'web[001-700],db[001-200],cache[001-100]' --bpftrace --deadline=30 --report=biowait.html";
  report.script = "biowait.bt";
  report.script_text = kScript;
  report.sha256 = "8a5edab282632443219e051e4ade2d1d5bbc671c781051bf1437897cbdfea0f1";
  report.version = "rstap 0.1.0";
  report.began = kBegan;
  report.ended = kBegan + milliseconds(33'400);
  report.exit_code = 1;
  for (std::size_t host = 0; host < hosts; ++host) report.targets.push_back(make_target(random, host, hosts));
  for (const Target& target : report.targets) {
    for (const Phase& phase : target.phases) report.ended = std::max(report.ended, phase.end + milliseconds(40));
  }

  const std::size_t odd = std::min<std::size_t>(hosts - 1, 17);
  const auto slow_share = [&](std::size_t host) {
    return host == odd ? 0.35 : report.targets[host].name.starts_with("db") ? 0.08 : 0.01;
  };
  const std::size_t values = hosts > 100 ? 400 : 4000;
  Map usecs = make_map(report, "@usecs", MapKind::kHist, {""}, [&](std::size_t host) {
    return std::vector<std::pair<KeyIndex, Value>>{{0, log_histogram(random, 90, slow_share(host), values)}};
  });
  add_up(usecs);
  usecs.cumulative = true;
  Histogram cumulative;
  for (int second = 1; second <= 30; ++second) {
    const bool burst = second >= 14 && second <= 18;
    for (const Bucket& bucket :
         log_histogram(random, burst ? 600 : 90, burst ? 0.3 : 0.03, 3000 + below(random, 900))) {
      const auto at = std::ranges::find_if(cumulative, [&](const Bucket& b) { return b.min == bucket.min; });
      if (at == cumulative.end())
        cumulative.push_back(bucket);
      else
        at->count += bucket.count;
    }
    std::ranges::sort(cumulative, {}, [](const Bucket& b) { return b.min.value_or(0); });
    usecs.snapshots.push_back(
        {kBegan + std::chrono::seconds(second) + milliseconds(900), usecs.hosts.size(), {{0, cumulative}}});
  }
  report.maps.push_back(std::move(usecs));

  Map by_comm = make_map(report, "@by_comm", MapKind::kHist, comms(), [&](std::size_t host) {
    std::vector<std::pair<KeyIndex, Value>> values_of_host;
    for (KeyIndex key = 0; key < kComms.size(); ++key) {
      if (below(random, 5) == 0) continue;
      values_of_host.emplace_back(key,
                                  log_histogram(random, 20.0 * (key + 1), slow_share(host), 10 + values / (key + 2)));
    }
    return values_of_host;
  });
  add_up(by_comm);
  report.maps.push_back(std::move(by_comm));

  Map size = make_map(report, "@size", MapKind::kLhist, {""}, [&](std::size_t) {
    return std::vector<std::pair<KeyIndex, Value>>{{0, linear_histogram(random, 300 + below(random, 400))}};
  });
  add_up(size);
  report.maps.push_back(std::move(size));

  const auto numbers = [&](std::string name, MapKind kind, std::size_t scale) {
    Map map = make_map(report, std::move(name), kind, comms(), [&](std::size_t) {
      std::vector<std::pair<KeyIndex, Value>> of_host;
      for (KeyIndex key = 0; key < kComms.size(); ++key) {
        if (below(random, 6) == 0) continue;
        const auto number = Number{1} + static_cast<Number>(below(random, scale * 12 / (key + 1)));
        if (kind == MapKind::kStats)
          of_host.emplace_back(key, Stats{number, number * (70 + static_cast<Number>(below(random, 90)))});
        else
          of_host.emplace_back(key, number);
      }
      return of_host;
    });
    add_up(map);
    report.maps.push_back(std::move(map));
  };
  numbers("@requests", MapKind::kCount, 4000);
  report.maps.back().series = series_of(random, {"nginx", "postgres", "a \"quoted\" name"}, true);
  report.maps.back().dropped_keys = 17;
  report.maps.back().notes = {"2 hosts printed only their largest 10 keys"};
  numbers("@wait", MapKind::kStats, 900);
  numbers("@longest", MapKind::kMax, 90'000);
  numbers("@average", MapKind::kAvg, 400);

  Map total = make_map(report, "@total", MapKind::kSum, {""}, [&](std::size_t host) {
    return std::vector<std::pair<KeyIndex, Value>>{{0, static_cast<Number>(20'000 + host * 37 % 11 * 9'000)}};
  });
  add_up(total);
  total.series = series_of(random, {""}, false);
  report.maps.push_back(std::move(total));

  Map device = make_map(report, "@device", MapKind::kOther, {"root", "data"}, [&](std::size_t host) {
    return std::vector<std::pair<KeyIndex, Value>>{{0, Text{host % 7 == 3 ? "\"vda\"" : "\"sda\""}},
                                                   {1, Text{host % 3 == 0 ? "[8, \"xfs\"]" : "[8, \"ext4\"]"}}};
  });
  add_up(device);
  report.maps.push_back(std::move(device));
  if (stacks > 0) report.maps.push_back(make_stacks(report, random, stacks));

  for (std::size_t host = 0; host < hosts; ++host) {
    const Target& target = report.targets[host];
    if (host % 11 == 6 && has_data(target)) {
      const std::uint64_t lost = 3 + below(random, 900);
      report.notes.push_back(
          {kBegan + milliseconds(31'000), host, Note::Kind::kLost, "Lost " + std::to_string(lost) + " events", lost});
    }
    if (target.outcome && target.outcome->kind == Outcome::Kind::kFailed) {
      report.notes.push_back({target.phases.back().end, host, Note::Kind::kError, target.outcome->reason});
    }
  }
  report.notes.push_back(
      {kBegan + milliseconds(900), 1 % hosts, Note::Kind::kForeign,
       "WARNING: Could not read functions from /sys/kernel/debug/tracing/available_filter_functions.\n"
       "If this is expected, use --traceable-functions to set this path manually."});
  report.notes.push_back({kBegan + milliseconds(30'000), std::nullopt, Note::Kind::kInfo,
                          "stopping: the deadline (--deadline=30) has come"});
  return report;
}

Report faulty_report() {
  Report report = fleet_report(3, 0);
  std::erase_if(report.maps, [](const Map& map) { return map.name != "@requests" && map.name != "@usecs"; });
  report.maps[0].faults = {"--by-host"};
  report.maps[1].missing.push_back({0, "what it printed last could not be read"});
  Map lost;
  lost.name = "@lost";
  lost.faults = {"what hosts had printed of it"};
  report.maps.push_back(std::move(lost));
  return report;
}

Report hostile_report() {
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
  const std::string turned = "\xe2\x80\xae";
  const std::string bad =
      "</script><script>alert(1)</script><!-- <script> --><img src=x onerror=alert(2)>\"'`&amp;&lt;" +
      std::string("\0\x1b[31m", 6) + "\xff\xc0\xaf \xe2\x80\xa8\xe2\x80\xa9" + turned + "]]>${alert(3)} \\u003c";
  const std::string long_key = std::string(1'000'000, 'k') + "</script>";
  Report report = empty_report();
  report.command = report.script = report.script_text = report.sha256 = report.version = bad;
  for (std::size_t host = 0; host < 3; ++host) {
    Target target = report.targets[0];
    target.name = bad + std::to_string(host);
    target.uri = target.release = target.machine = target.agent = target.runner = bad;
    target.outcome->kind = host == 0 ? Outcome::Kind::kFailed : Outcome::Kind::kEnded;
    target.outcome->reason = target.outcome->killed = bad;
    target.outcome->remains = Outcome::Remains::kLeft;
    target.outcome->left = {{"process", bad}, {std::string(kUnknownKind), bad}};
    target.stdout_bytes = UINT64_MAX;
    report.targets.push_back(target);
  }
  report.targets.erase(report.targets.begin());
  const auto map = [&](std::string name, MapKind kind, std::vector<std::string> keys, auto value) {
    Map made;
    made.name = std::move(name);
    made.kind = kind;
    made.asked = 3;
    made.keys = std::move(keys);
    for (std::size_t host = 0; host < 2; ++host) {
      HostColumn column{host, {}};
      for (KeyIndex key = 0; key < made.keys.size(); ++key) column.values.emplace_back(key, value);
      made.hosts.push_back(std::move(column));
    }
    made.missing = {{2, bad}};
    add_up(made);
    report.maps.push_back(std::move(made));
  };
  const std::vector<std::string> keys{bad, "a,b,\"c\"", long_key, "__proto__", "constructor", "tab\there\nline"};
  map("@" + bad, MapKind::kCount, keys, Number{1} << 100);
  map("@hist", MapKind::kHist, keys,
      Histogram{{std::nullopt, -1, 5}, {0, 0, 1}, {1, 1, 3}, {INT64_MAX / 2 + 1, INT64_MAX, UINT64_MAX / 4}});
  map("@texts", MapKind::kOther, keys, Text{bad});
  map("@stats", MapKind::kStats, keys, Stats{Number{1} << 70, -(Number{1} << 90)});
  map("@stacks", MapKind::kCount, {"\n    " + bad + "+1\n    main+2\n," + bad, "\n    a;b+3\n    main+2\n,x"},
      Number{3});
  map("__proto__", MapKind::kAvg, keys, Number{-7});
  report.maps[1].sums[1] = NotMerged{bad};
  for (const auto kind : {Note::Kind::kInfo, Note::Kind::kForeign, Note::Kind::kError, Note::Kind::kLost}) {
    report.notes.push_back({report.began, 0, kind, bad + '\n' + bad, 5});
  }
  return report;
}

}  // namespace stapsh::client::report
