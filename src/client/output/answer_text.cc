// SPDX-License-Identifier: Apache-2.0
#include "client/output/answer_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>

#include "base/overloaded.h"
#include "base/shown_text.h"
#include "client/answers/host_values.h"
#include "client/answers/largest_keys.h"
#include "client/answers/quantile.h"
#include "client/answers/unlike_hosts.h"
#include "client/events/fold_names.h"
#include "client/output/histogram_rows.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kUnlikeMax = 5;
constexpr std::size_t kTextBytesMax = 4096;  // Of a key or a value: nobody reads more of it here.

std::string_view merged_how(MapKind kind) {
  switch (kind) {
    case MapKind::kMin:
      return "smallest of";
    case MapKind::kMax:
      return "largest of";
    case MapKind::kAvg:
      return "averages of";
    case MapKind::kOther:
      return "by host, not merged:";
    case MapKind::kCount:
    case MapKind::kSum:
    case MapKind::kStats:
    case MapKind::kHist:
    case MapKind::kLhist:
      break;
  }
  return "sum of";
}

// The largest last, next to the prompt, as bpftrace has it.
std::vector<KeyIndex> ascending(const Answer& answer, std::optional<unsigned> top) {
  std::vector<KeyIndex> order = largest_keys(answer, top.value_or(std::numeric_limits<unsigned>::max()));
  std::ranges::reverse(order);
  return order;
}

std::string stats_text(const Stats& stats) {
  const Number average = stats.count == 0 ? 0 : stats.total / stats.count;
  return fmt::format("count {}, average {}, total {}", to_text(stats.count), to_text(average), to_text(stats.total));
}

std::string quantiles_text(const Histogram& histogram) {
  const Bucket* median = quantile(histogram, 0.5);
  const Bucket* tail = quantile(histogram, 0.99);
  if (median == nullptr || tail == nullptr) return "empty";
  return fmt::format("count {}, p50 {}, p99 {}", count_of(histogram), bucket_label(*median), bucket_label(*tail));
}

std::string host_value_text(const Value& value) {
  return std::visit(Overloaded{
                        [](Number number) { return to_text(number); },
                        [](const Stats& stats) { return stats_text(stats); },
                        [](const Histogram& histogram) { return quantiles_text(histogram); },
                        [](const Text& text) { return shown_text(text.json, kTextBytesMax); },
                    },
                    value);
}

// Hosts that say the same stand together, the largest group last.
std::vector<std::string> by_host(const Answer& answer, KeyIndex key, std::span<const std::string> names) {
  std::map<std::string, std::vector<std::string>> groups;
  for (const HostValues& host : answer.hosts) {
    if (const std::optional<Value> value = host.find(key)) {
      groups[host_value_text(*value)].push_back(names[host.target()]);
    }
  }
  std::vector<std::pair<std::size_t, std::string>> lines;
  lines.reserve(groups.size());
  for (const auto& [text, hosts] : groups) {
    lines.emplace_back(hosts.size(), fmt::format("  {}: {}", fold_names(hosts), text));
  }
  std::ranges::stable_sort(lines, {}, [](const auto& line) { return line.first; });
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (auto& [size, line] : lines) texts.push_back(std::move(line));
  return texts;
}

void append(std::vector<std::string>& lines, std::vector<std::string> more) {
  lines.insert(lines.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

// The frames of a key with a stack.
std::vector<std::string> stack_lines(std::string_view key) {
  std::vector<std::string> lines;
  while (!key.empty()) {
    const std::string_view line = key.substr(0, key.find('\n'));
    key.remove_prefix(std::min(line.size() + 1, key.size()));
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin != std::string_view::npos) lines.push_back(shown_text(line.substr(begin), kTextBytesMax));
  }
  return lines;
}

// "@usecs[grep]"; a stack has a line for each of its frames: the last one takes what follows. An empty key is one, too:
// a name that is not known, a stack that could not be taken.
std::vector<std::string> key_lines(const Answer& answer, KeyIndex index) {
  const std::string& key = answer.keys[index];
  if (key.empty() && !answer.keyed) return {answer.map};
  if (key.find('\n') == std::string::npos) return {fmt::format("{}[{}]", answer.map, key_text(key))};
  std::vector<std::string> lines{answer.map + "["};
  for (const std::string& frame : stack_lines(key)) lines.push_back("    " + frame);
  lines.emplace_back("]");
  return lines;
}

// The key's last line takes it, what needs more lines follows.
void append_sum(std::vector<std::string>& lines, const Answer& answer, KeyIndex key,
                std::span<const std::string> names) {
  std::string& head = lines.back();
  std::visit(Overloaded{
                 [&](const NotMerged& not_merged) {
                   if (!not_merged.why.empty())
                     head += fmt::format(": not merged: {}", shown_text(not_merged.why));
                   else
                     head += ':';
                   append(lines, by_host(answer, key, names));
                 },
                 [&](Number number) { head += ": " + to_text(number); },
                 [&](const Stats& stats) { head += ": " + stats_text(stats); },
                 [&](const Histogram& histogram) {
                   head += ": " + quantiles_text(histogram);
                   append(lines, histogram_rows(histogram));
                 },
                 [&](const Spread& spread) {
                   head += fmt::format(": min {}, median {}, max {}", to_text(spread.min), to_text(spread.median),
                                       to_text(spread.max));
                   if (spread.hosts < answer.hosts.size()) head += fmt::format(" of {} hosts", spread.hosts);
                 },
             },
             answer.sums[key]);
}

std::string times_text(double own, double others) {
  if (others <= 0 || own <= 0)
    return own > 0 ? "it has some, and most others none" : "it has none, and most others some";
  const double times = own > others ? own / others : others / own;
  return own > others ? fmt::format("{:.1f} times as much as others", times)
                      : fmt::format("1/{:.1f} of what others have", times);
}

std::string difference_text(const Answer& answer, const UnlikeHost& host, const std::string& subject) {
  switch (host.what) {
    case Deviation::What::kAmount:
      return fmt::format("{}{}", subject.empty() ? "" : subject + ": ", times_text(host.own, host.others));
    case Deviation::What::kShare:
      return fmt::format("{} is {:.0f} % of its own, {:.0f} % of others'", subject, 100 * host.own, 100 * host.others);
    case Deviation::What::kWhole:
    case Deviation::What::kTail:
      break;
  }
  const KeyIndex key = host.key.value_or(0);
  const auto own = std::ranges::find(answer.hosts, host.target, &HostValues::target);
  const std::optional<Value> value = own == answer.hosts.end() ? std::nullopt : own->find(key);
  const auto* histogram = value ? std::get_if<Histogram>(&*value) : nullptr;
  const auto* fleet = std::get_if<Histogram>(&answer.sums[key]);
  if (histogram == nullptr || fleet == nullptr) return {};
  const Histogram others = without(*fleet, *histogram);
  // Where the two are apart; its middle says most, if it is.
  constexpr std::pair<double, std::string_view> kWhole[] = {{0.5, "p50"}, {0.9, "p90"}, {0.99, "p99"}, {0.1, "p10"}};
  std::string where = "spread otherwise";
  for (const auto& [share, name] : kWhole) {
    if (host.what == Deviation::What::kTail && name != "p99") continue;
    const Bucket* of_host = quantile(*histogram, share);
    const Bucket* of_others = quantile(others, share);
    if (of_host == nullptr || of_others == nullptr || of_host->min == of_others->min) continue;
    where = fmt::format("{} {}, others {}", name, bucket_label(*of_host), bucket_label(*of_others));
    break;
  }
  return fmt::format("{}{}  {}", subject.empty() ? "" : subject + " ", where, spark_line(*histogram));
}

}  // namespace

std::vector<std::string> unlike_lines(const Answer& answer, std::span<const std::string> names,
                                      std::span<const UnlikeHost> unlike) {
  std::vector<std::string> lines;
  for (const UnlikeHost& host : unlike) {
    if (lines.size() == kUnlikeMax) {
      lines.push_back(fmt::format("  and {} more differ", unlike.size() - lines.size()));
      break;
    }
    std::string subject;
    if (host.key && answer.keyed) subject = fmt::format("{}[{}]", answer.map, key_text(answer.keys[*host.key]));
    lines.push_back(fmt::format("  {} differs: {}", names[host.target], difference_text(answer, host, subject)));
  }
  return lines;
}

std::string key_text(const std::string& key) {
  if (key.find('\n') == std::string::npos) return shown_text(key, kTextBytesMax);
  const std::vector<std::string> frames = stack_lines(key);
  return frames.empty() ? "" : frames.front() + " …";
}

std::string coverage_text(const Answer& answer) {
  // Of what nothing was merged there is no sum.
  const auto is_merged = [](const Sum& sum) { return !std::holds_alternative<NotMerged>(sum); };
  const bool merged = answer.sums.empty() || std::ranges::any_of(answer.sums, is_merged);
  const std::string_view how = merged_how(merged ? answer.kind : MapKind::kOther);
  const std::size_t said = answer.hosts.size();
  const std::string_view hosts = answer.targets == 1 ? "host" : "hosts";
  return said == answer.targets ? fmt::format("{} {} {}", how, said, hosts)
                                : fmt::format("{} {} of {} {}", how, said, answer.targets, hosts);
}

std::vector<std::string> missing_lines(const Answer& answer, std::span<const std::string> names) {
  std::vector<std::pair<std::string_view, std::vector<std::string>>> reasons;
  for (const Missing& missing : answer.missing) {
    auto known = std::ranges::find(reasons, missing.why, [](const auto& reason) { return reason.first; });
    if (known == reasons.end()) known = reasons.insert(reasons.end(), {missing.why, {}});
    known->second.push_back(names[missing.target]);
  }
  std::vector<std::string> lines;
  lines.reserve(reasons.size());
  for (const auto& [why, hosts] : reasons) {
    lines.push_back(fmt::format("  {}: {}", fold_names(hosts), shown_text(why, kTextBytesMax)));
  }
  return lines;
}

std::vector<std::string> answer_lines(const Answer& answer, std::span<const std::string> names,
                                      std::optional<unsigned> top) {
  return answer_lines(answer, names, unlike_hosts(answer), top);
}

std::vector<std::string> answer_lines(const Answer& answer, std::span<const std::string> names,
                                      std::span<const UnlikeHost> unlike, std::optional<unsigned> top) {
  const std::vector<KeyIndex> order = ascending(answer, top);
  std::string head = fmt::format("{}: {}", answer.map, coverage_text(answer));
  if (order.size() < answer.keys.size()) head += fmt::format(", {} of {} keys", order.size(), answer.keys.size());
  if (answer.dropped_keys > 0) {
    head += fmt::format(", {} values left out: too many keys", answer.dropped_keys);
  }
  std::vector<std::string> lines{std::move(head)};
  append(lines, missing_lines(answer, names));
  for (const KeyIndex key : order) {
    append(lines, key_lines(answer, key));
    append_sum(lines, answer, key, names);
  }
  append(lines, unlike_lines(answer, names, unlike));
  for (const std::string& note : answer.notes) lines.push_back("  " + shown_text(note));
  return lines;
}

}  // namespace stapsh::client
