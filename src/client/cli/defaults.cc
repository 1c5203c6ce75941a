// SPDX-License-Identifier: Apache-2.0
#include "client/cli/defaults.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "client/cli/configuration.h"
#include "client/cli/split_shell_words.h"
#include "client/cli/trusted_file.h"

namespace stapsh::client {
namespace {

struct Place {
  std::string path;  // Empty: there is none to read.
  bool was_named = false;
};

Place find_file(const ScannedWords& scanned, const ScannedWords& from_environment, const DefaultsEnvironment& env) {
  for (const ScannedWords* words : {&scanned, &from_environment}) {
    for (auto it = words->options.rbegin(); it != words->options.rend(); ++it) {
      if (it->option->long_name() == "config") return {it->value, true};
    }
  }
  if (env.rstap_config) return {*env.rstap_config, true};
  if (env.xdg_config_home && env.xdg_config_home->starts_with('/'))
    return {*env.xdg_config_home + "/rstap/config.toml"};
  if (env.home && env.home->starts_with('/')) return {*env.home + "/.config/rstap/config.toml"};
  return {};
}

/// Nothing: there is no such file, and nobody asked for it.
Result<std::optional<std::string>> read_file(const Place& place) {
  std::optional<std::string> text = TRY(read_trusted_file(place.path));
  if (!text && place.was_named) return fail_named(place.path, ENOENT);
  return text;
}

Result<ScannedWords> scan_variable(const DefaultsEnvironment& environment) {
  const std::vector<std::string> words = TRY(split_shell_words(environment.rstap_options.value_or("")));
  ScannedWords scanned = TRY(scan_words(words, OptionSource::kEnvironment));
  if (!scanned.positionals.empty()) {
    return fail(Errc::kUsage,
                fmt::format("'{}' is no option; a script stands on the command line", scanned.positionals.front()));
  }
  return scanned;
}

bool is_only_asked(const ScannedWords& scanned) {
  if (scanned.options.size() != 1) return false;
  const std::string_view name = scanned.options.front().option->long_name();
  return name == "help" || name == "version";
}

}  // namespace

Result<Defaults> read_defaults(std::span<const std::string> words, const DefaultsEnvironment& environment) {
  const ScannedWords scanned = TRY(scan_words(words));
  if (is_only_asked(scanned)) return Defaults{};
  Result<ScannedWords> from_environment = scan_variable(environment);
  if (!from_environment) return add_context("RSTAP_OPTIONS", from_environment.error());
  const Place place = find_file(scanned, *from_environment, environment);
  Defaults defaults;
  if (!place.path.empty()) {
    if (const std::optional<std::string> text = TRY(read_file(place))) {
      Configuration found = TRY(parse_configuration(*text, place.path));
      // Also what another option will take back, or this run does not need: a fault shows at once.
      RstapOptions unused;
      for (const GivenOption& given : found.options) TRY(apply(given, unused));
      defaults = {place.path, std::move(found.options), std::move(found.groups), std::move(found.aliases)};
    }
  }
  const std::vector<std::string> again = TRY(split_shell_words(environment.rstap_options.value_or("")));
  defaults.options = TRY(scan_words(again, OptionSource::kEnvironment, std::move(defaults.options))).options;
  return defaults;
}

std::vector<std::string> expand_alias(std::span<const std::string> words, const Defaults& defaults) {
  std::vector<std::string> expanded(words.begin(), words.end());
  if (words.empty()) return expanded;
  const auto alias = defaults.aliases.find(words.front());
  if (alias == defaults.aliases.end()) return expanded;
  expanded.erase(expanded.begin());
  expanded.insert(expanded.begin(), alias->second.begin(), alias->second.end());
  return expanded;
}

}  // namespace stapsh::client
