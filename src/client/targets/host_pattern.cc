// SPDX-License-Identifier: Apache-2.0
#include "client/targets/host_pattern.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "base/parse_int.h"
#include "base/trimmed.h"

namespace stapsh::client {
namespace {

using Names = std::vector<std::string>;

auto bad_pattern(std::string_view pattern, std::string_view reason) {
  return fail(Errc::kUsage, fmt::format("--limit: '{}': {}", pattern.substr(0, 200), reason));
}

/// Where there is a comma, only commas separate; a name or an IPv6 address may have a colon in it.
std::vector<std::string_view> split(const Inventory& inventory, std::string_view pattern) {
  const bool by_commas = pattern.find(',') != std::string_view::npos;
  const bool is_one = inventory.hosts.contains(pattern) || inventory.groups.contains(pattern) ||
                      pattern.find("::") != std::string_view::npos;
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  bool in_brackets = false;
  for (std::size_t at = 0; at <= pattern.size(); ++at) {
    const char c = at < pattern.size() ? pattern[at] : '\0';
    if (c == '[' || c == ']') in_brackets = c == '[';
    const bool ends = by_commas ? c == ',' : c == ':' && !in_brackets && !is_one;
    if (!ends && at < pattern.size()) continue;
    if (const std::string_view part = trimmed(pattern.substr(begin, at - begin), " \t"); !part.empty())
      parts.push_back(part);
    begin = at + 1;
  }
  return parts;
}

/// NAME[1:3]: the part of what NAME is that is meant. Brackets with anything else in them are fnmatch(3)'s.
struct Subscript {
  std::int64_t first = 0, last = 0;  // Both count; negative ones from the end.
};

std::pair<std::string_view, std::optional<Subscript>> without_subscript(std::string_view name) {
  const std::size_t open = name.rfind('[');
  if (!name.ends_with(']') || open == std::string_view::npos || open == 0) return {name, {}};
  const std::string_view inner = name.substr(open + 1, name.size() - open - 2);
  const std::size_t separator = inner.find_first_of(":-", 1);
  const auto number = [](std::string_view text) { return parse_int<std::int64_t>(text, -1'000'000, 1'000'000); };
  const auto first = number(inner.substr(0, separator));
  if (!first) return {name, {}};
  if (separator == std::string_view::npos) return {name.substr(0, open), Subscript{*first, *first}};
  const std::string_view end = inner.substr(separator + 1);
  const auto last = end.empty() ? Result<std::int64_t>(-1) : number(end);
  if (!last || *first < 0) return {name, {}};
  return {name.substr(0, open), Subscript{*first, *last}};
}

Names some_of(const Names& names, Subscript which) {
  const auto size = static_cast<std::int64_t>(names.size());
  const auto from_start = [&](std::int64_t at) { return at < 0 ? at + size : at; };
  Names some;
  for (std::int64_t at = from_start(which.first); at <= from_start(which.last) && at < size; ++at) {
    if (at >= 0) some.push_back(names[static_cast<std::size_t>(at)]);
  }
  return some;
}

/// As ansible: groups of that name, and hosts where there are none or where it may be a name of several.
Result<Names> match_one(const Inventory& inventory, std::string_view part) {
  if (part.starts_with('~')) {
    return bad_pattern(part, "regular expressions are not known here; say it with names, groups, * and ?");
  }
  const auto [name_part, subscript] = without_subscript(part);
  const std::string pattern(name_part);
  const auto matches = [&pattern](const std::string& name) {
    return name == pattern || ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
  };
  Names found;
  bool known = false;
  for (const auto& [name, group] : inventory.groups) {
    if (!matches(name)) continue;
    known = true;
    std::ranges::move(inventory.members(name), std::back_inserter(found));
  }
  const bool is_glob = pattern.find_first_of("*?[") != std::string_view::npos;
  if (!known || is_glob || pattern.find('.') != std::string_view::npos) {
    for (const std::string& name : inventory.members("all")) {
      if (!matches(name)) continue;
      known = true;
      found.push_back(name);
    }
  }
  if (!known && !is_glob) return bad_pattern(part, "neither a host nor a group of the inventory");
  return subscript ? some_of(found, *subscript) : found;
}

}  // namespace

Result<std::vector<std::string>> match_hosts(const Inventory& inventory, std::string_view pattern) {
  Names added;
  std::vector<std::pair<char, std::set<std::string>>> joined;
  bool adds = false;
  for (std::string_view part : split(inventory, pattern)) {
    const char sign = part.front() == '!' || part.front() == '&' ? part.front() : '\0';
    if (sign != '\0') part = trimmed(part.substr(1), " \t");
    if (part.empty()) return bad_pattern(pattern, "a name is missing");
    Names names = TRY(match_one(inventory, part));
    if (sign != '\0') {
      joined.emplace_back(sign, std::set<std::string>(names.begin(), names.end()));
    } else {
      adds = true;
      std::ranges::move(names, std::back_inserter(added));
    }
  }
  if (!adds) added = inventory.members("all");
  Names found;
  std::set<std::string> seen;
  for (std::string& name : added) {
    const bool stays = std::ranges::all_of(
        joined, [&](const auto& other) { return other.second.contains(name) == (other.first == '&'); });
    if (stays && seen.insert(name).second) found.push_back(std::move(name));
  }
  if (found.empty()) return bad_pattern(pattern, "no host of the inventory");
  return found;
}

}  // namespace stapsh::client
