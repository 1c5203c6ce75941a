// SPDX-License-Identifier: Apache-2.0
#include "client/targets/set_algebra.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/trimmed.h"
#include "client/targets/remote_uri.h"

namespace stapsh::client {
namespace {

constexpr std::array<std::string_view, 6> kSchemesWithoutSets{
    "unix:", "exec:", "stapsh:", "direct:", "vsock:", "libvirt:"};

/// Where the term that begins at `begin` ends.
std::size_t term_end(std::string_view value, std::size_t begin) {
  const std::size_t first = std::min(value.find_first_not_of(" \t", begin), value.size());
  const std::string_view ends = is_without_sets(value.substr(first)) ? "," : ",!&^";
  for (std::size_t at = begin; at < value.size(); ++at) {
    if (value[at] == '[') at = std::min(value.find(']', at), value.size() - 1);
    if (ends.find(value[at]) != std::string_view::npos) return at;
  }
  return value.size();
}

/// An ssh target as words that can be looked up; an empty user or port is any.
std::string key_of(std::string_view user, std::string_view host, std::string_view port) {
  return fmt::format("{}\n{}\n{}", user, host, port);
}

std::string key_of(const TargetIdentity& is) { return key_of(is.user, is.name, is.port); }

Result<TargetIdentity> identity_of(const std::string& text) { return TRY(parse_remote_uri(text)).identity(); }

/// The second set of an operation: who is in it, and who of it was met in the first.
class Others {
 public:
  Result<> add(const NamedAddress& other) {
    std::string key = key_of(TRY(identity_of(other.text)));
    if (!other.alias.empty()) met_.emplace(key_of("", other.alias, ""), false);
    met_.emplace(std::move(key), false);
    return {};
  }

  /// Whether they hold `target`, in whatever spelling.
  Result<bool> meet(const NamedAddress& target) {
    const TargetIdentity is = TRY(identity_of(target.text));
    bool found = false;
    const auto look_for = [&](std::string_view user, std::string_view host, std::string_view port) {
      const auto it = met_.find(key_of(user, host, port));
      if (it != met_.end()) found = it->second = true;
    };
    look_for(is.user, is.name, is.port);
    if (!is.user.empty()) look_for("", is.name, is.port);
    if (!is.port.empty()) look_for(is.user, is.name, "");
    if (!is.user.empty() && !is.port.empty()) look_for("", is.name, "");
    if (!target.alias.empty()) look_for("", target.alias, "");
    return found;
  }

  Result<bool> was_met(const NamedAddress& other) const {
    const std::string key = key_of(TRY(identity_of(other.text)));
    return met_.at(key) || (!other.alias.empty() && met_.at(key_of("", other.alias, "")));
  }

 private:
  std::unordered_map<std::string, bool> met_;
};

}  // namespace

bool is_without_sets(std::string_view text) {
  return std::ranges::any_of(kSchemesWithoutSets, [&](std::string_view scheme) { return text.starts_with(scheme); });
}

Result<std::vector<SetTerm>> split_set(std::string_view value) {
  std::vector<SetTerm> terms;
  SetOperator op = SetOperator::kAdd;
  for (std::size_t begin = 0;;) {
    const std::size_t end = term_end(value, begin);
    const std::string_view text = trimmed(value.substr(begin, end - begin), " \t");
    if (text.empty()) {
      return fail(Errc::kUsage,
                  fmt::format("host set '{}', column {}: a name is missing", value.substr(0, 200), end + 1));
    }
    terms.push_back({op, text});
    if (end == value.size()) return terms;
    op = static_cast<SetOperator>(value[end]);
    begin = end + 1;
  }
}

Result<> apply(SetOperator op, std::vector<NamedAddress>& targets, std::vector<NamedAddress> others) {
  if (op == SetOperator::kAdd) {
    std::move(others.begin(), others.end(), std::back_inserter(targets));
    return {};
  }
  Others set;
  for (const NamedAddress& other : others) TRY(set.add(other));
  std::vector<NamedAddress> kept;
  for (NamedAddress& target : targets) {
    const bool in_both = TRY(set.meet(target));
    if (in_both == (op == SetOperator::kBoth)) kept.push_back(std::move(target));
  }
  targets = std::move(kept);
  if (op != SetOperator::kOneOfBoth) return {};
  for (NamedAddress& other : others) {
    if (!TRY(set.was_met(other))) targets.push_back(std::move(other));
  }
  return {};
}

Result<std::vector<NamedAddress>> without_repeats(std::vector<NamedAddress> targets) {
  std::unordered_set<std::string> seen;
  std::vector<NamedAddress> kept;
  for (NamedAddress& target : targets) {
    if (seen.insert(key_of(TRY(identity_of(target.text)))).second) kept.push_back(std::move(target));
  }
  return kept;
}

}  // namespace stapsh::client
