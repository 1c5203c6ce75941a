// SPDX-License-Identifier: Apache-2.0
#include "client/targets/target_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "client/targets/ask_ansible.h"
#include "client/targets/ask_broker.h"
#include "client/targets/groups.h"
#include "client/targets/host_set.h"
#include "client/targets/hosts_by_command.h"
#include "client/targets/set_algebra.h"
#include "client/targets/value_list.h"

namespace stapsh::client {
namespace {

using Addresses = std::vector<NamedAddress>;

bool is_list(const std::string& path) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  return std::filesystem::exists(status) && !std::filesystem::is_directory(status);
}

std::string path_in(std::string_view folder, std::string_view name) {
  if (name.starts_with('/') || folder.empty()) return std::string(name);
  return fmt::format("{}/{}", folder, name);
}

Result<> check_count(const Addresses& addresses) {
  if (addresses.size() <= kHostSetMax) return {};
  return fail(Errc::kUsage, fmt::format("more than {} targets", kHostSetMax));
}

/// The list that a value is in.
struct Place {
  std::string_view folder;  ///< What files are relative to; empty: the current folder.
  ListKind kind = ListKind::kTargets;
  unsigned depth = 0;  ///< 0: the command line.
};

class ValueReader {
 public:
  ValueReader(const TargetOptions& options, const NatsSites& sites)
      : groups_(options.groups), sites_(sites), selector_(options.selector) {}

  /// The addresses that one value stands for.
  Result<Addresses> read(std::string_view value, const Place& place = {}) {
    Addresses addresses;
    if (value.empty() || is_without_sets(value)) {
      TRY(add(addresses, std::string(value)));
      return addresses;
    }
    // Commas and the like are its name's own.
    if (value.front() == '@' && is_list(path_in(place.folder, value.substr(1)))) {
      return read_at(value.substr(1), place);
    }
    if (const auto hosts = split_hosts_by_command(value)) return read_by_command(*hosts, place);
    for (const SetTerm& term : TRY(split_set(value))) {
      Addresses others = TRY(read_term(term.text, place));
      TRY(apply(term.op, addresses, std::move(others)));
      if (addresses.size() > kHostSetMax) addresses = TRY(without_repeats(std::move(addresses)));
      TRY(check_count(addresses));
    }
    return without_repeats(std::move(addresses));  // A set: who is named twice is in it once.
  }

  /// The lists that were read.
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }
  /// Whether hosts were asked for that a selector can choose of.
  [[nodiscard]] bool has_asked_broker() const { return !answers_.empty(); }

 private:
  static Result<> add(Addresses& addresses, std::string text) {
    const RemoteUri uri = TRY(parse_remote_uri(text));  // Here it is known where it stands.
    const auto* nats = std::get_if<NatsUri>(&uri.address);
    addresses.push_back({std::move(text), nats != nullptr ? nats->host : std::string()});
    return {};
  }

  Result<Addresses> read_by_command(const HostsByCommand& hosts, const Place& place) {
    const Addresses names = TRY(read(hosts.set, place));
    Addresses addresses = TRY(reach_by_command(names, hosts.command));
    for (const NamedAddress& address : addresses) TRY(parse_remote_uri(address.text));
    return addresses;
  }

  Result<Addresses> read_term(std::string_view term, const Place& place) {
    if (term.front() == '@' && is_file(term.substr(1), place)) return read_at(term.substr(1), place);
    Addresses addresses;
    if (const std::optional<std::string_view> site = site_of_all(term)) {
      for (const std::string& host : TRY(hosts_of(*site)))
        TRY(add(addresses, fmt::format("nats://{}/{}", *site, host)));
      return addresses;
    }
    for (std::string& name : TRY(expand_host_set(term))) {
      if (name.front() != '@') {
        TRY(add(addresses, std::move(name)));
        continue;
      }
      Addresses more = TRY(read_at(std::string_view(name).substr(1), place));
      TRY(apply(SetOperator::kAdd, addresses, std::move(more)));
      TRY(check_count(addresses));
    }
    return addresses;
  }

  /// Asked once: a site that is named twice has the same hosts.
  Result<std::vector<std::string>> hosts_of(std::string_view site) {
    const auto known = answers_.find(site);
    if (known != answers_.end()) return known->second;
    return answers_[std::string(site)] = TRY(ask_broker(sites_, site, selector_.value_or("")));
  }

  static bool is_file(std::string_view name, const Place& place) {
    // A '/' behind a '[' is a step: @rack[1-9/2] are groups.
    const std::string_view before_ranges = name.substr(0, name.find('['));
    return before_ranges.find_first_of("/.") != std::string_view::npos || is_list(path_in(place.folder, name));
  }

  /// What stands behind an '@': a file if it looks like one or is there, else a group.
  Result<Addresses> read_at(std::string_view name, const Place& place) {
    if (name.empty()) return fail(Errc::kUsage, "target list '@': a file's name is missing");
    if (place.depth == kTargetListDepthMax) {
      return fail(Errc::kUsage,
                  fmt::format("target list @{}: lists are nested more than {} deep; does one name itself?", name,
                              kTargetListDepthMax));
    }
    if (is_file(name, place)) {
      files_.push_back(path_in(place.folder, name));
      return read_all(TRY(read_list(files_.back(), place.kind)), place);
    }
    return read_all(TRY(groups_.find(std::string(name))), place);
  }

  Result<Addresses> read_all(const ValueList& list, const Place& outer) {
    const Place place{list.folder, list.kind, outer.depth + 1};
    Addresses addresses;
    for (const ValueList::Line& line : list.lines) {
      Result<Addresses> more = read(line.value, place);
      if (!more) {
        const std::string where = line.number > 0 ? fmt::format("{}:{}", list.source, line.number) : list.source;
        return add_context(where, std::move(more).error());
      }
      TRY(apply(SetOperator::kAdd, addresses, *std::move(more)));
      TRY(check_count(addresses));
    }
    return addresses;
  }

  GroupLookup groups_;
  const NatsSites& sites_;
  const std::optional<std::string>& selector_;
  std::map<std::string, std::vector<std::string>, std::less<>> answers_;  // By site.
  std::vector<std::string> files_;
};

/// So many of them, at random, in their order.
std::vector<Target> pick(const std::vector<Target>& from, unsigned count) {
  std::random_device seed;
  std::vector<Target> picked;
  std::ranges::sample(from, std::back_inserter(picked), count, std::mt19937_64(seed()));
  return picked;
}

std::string_view name_of(const NamedAddress& address) {
  if (!address.alias.empty()) return address.alias;
  std::string_view name = address.text;
  // stapsh: and direct: end in what follows a label, however they are written.
  if (name.ends_with("://")) name.remove_suffix(2);
  if (name.ends_with(':')) name.remove_suffix(1);
  return name;
}

Result<std::vector<Target>> to_targets(const Addresses& addresses) {
  std::unordered_set<std::string> taken;
  for (const NamedAddress& address : addresses) taken.emplace(name_of(address));
  std::unordered_map<std::string_view, std::size_t> times;
  std::vector<Target> targets;
  targets.reserve(addresses.size());
  for (const NamedAddress& address : addresses) {
    std::string name(name_of(address));
    std::size_t& count = times[name_of(address)];
    while (++count > 1) {
      name = fmt::format("{}#{}", name_of(address), count);
      if (taken.insert(name).second) break;
    }
    targets.push_back({0, address.text, TRY(parse_remote_uri(address.text)), std::move(name)});
  }
  return targets;
}

std::size_t leave_out(std::vector<Target>& targets, const std::vector<std::string>& finished) {
  const std::unordered_set<std::string_view> names(finished.begin(), finished.end());
  return std::erase_if(targets, [&](const Target& target) { return names.contains(target.name); });
}

Result<TargetList> list_all(const TargetOptions& options, const NatsSites& sites) {
  ValueReader reader(options, sites);
  Addresses addresses;
  for (const std::string& remote : options.remotes) {
    Addresses more = TRY(reader.read(remote));
    TRY(apply(SetOperator::kAdd, addresses, std::move(more)));
    TRY(check_count(addresses));
  }
  if (!options.inventories.empty()) {
    Addresses hosts = TRY(ask_ansible(options.inventories, options.limit));
    TRY(apply(SetOperator::kAdd, addresses, std::move(hosts)));
    TRY(check_count(addresses));
  }
  if (addresses.empty()) return fail(Errc::kUsage, "no target: the lists and sets that --remote names are empty");
  for (const std::string& set : options.excludes) {
    Result<Addresses> left_out = reader.read(set);
    if (!left_out) return add_context("--exclude", std::move(left_out).error());
    TRY(apply(SetOperator::kLeaveOut, addresses, *std::move(left_out)));
  }
  if (options.selector && !reader.has_asked_broker()) {
    return fail(Errc::kUsage, "--selector chooses of the hosts of nats://SITE/*, and no --remote names them");
  }
  if (addresses.empty()) return fail(Errc::kUsage, "no target: --exclude leaves out all of them");
  TargetList list;
  list.targets = TRY(to_targets(addresses));
  list.files = reader.files();
  list.files.insert(list.files.end(), options.inventories.begin(), options.inventories.end());
  list.left_out = leave_out(list.targets, options.finished);
  if (options.pick && *options.pick < list.targets.size()) {
    list.picked_from = list.targets.size();
    list.targets = pick(list.targets, *options.pick);
  }
  unsigned index = 0;
  for (Target& target : list.targets) target.index = index++;
  return list;
}

}  // namespace

Result<TargetList> list_targets(const TargetOptions& options, const NatsSites& sites) {
  Result<TargetList> list = list_all(options, sites);
  if (!list) {
    Error error = std::move(list).error();
    // What was asked for is not there, also where a system call failed. A broker that does not say it is another thing.
    if (error.code != Errc::kPeer) error.code = Errc::kUsage;
    return fail(std::move(error));
  }
  return list;
}

}  // namespace stapsh::client
