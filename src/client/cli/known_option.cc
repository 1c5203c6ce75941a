// SPDX-License-Identifier: Apache-2.0
#include "client/cli/known_option.h"

#include <fmt/format.h>

#include "base/overloaded.h"
#include "base/parse_int.h"
#include "client/cli/stap_options.h"

namespace stapsh::client {
namespace {

constexpr std::uint64_t kLimitMax = std::uint64_t{1} << 40;

}  // namespace

char KnownOption::short_name() const {
  return std::visit(
      Overloaded{[](const OptionEntry* entry) { return entry->short_name; },
                 [](const ClientOption* entry) { return entry->short_name; }, [](const LimitEntry*) { return '\0'; }},
      row_);
}

std::string_view KnownOption::long_name() const {
  return std::visit(Overloaded{[](const OptionEntry* entry) { return entry->long_name; },
                               [](const ClientOption* entry) { return entry->long_name; },
                               [](const LimitEntry* entry) { return entry->name; }},
                    row_);
}

std::string_view KnownOption::value() const {
  return std::visit(Overloaded{[](const OptionEntry* entry) { return entry->value; },
                               [](const ClientOption* entry) { return entry->value; },
                               [](const LimitEntry*) { return std::string_view("N"); }},
                    row_);
}

std::string_view KnownOption::help() const {
  return std::visit(Overloaded{[](const OptionEntry* entry) { return entry->help; },
                               [](const ClientOption* entry) { return entry->help; },
                               [](const LimitEntry* entry) { return entry->meaning; }},
                    row_);
}

std::string KnownOption::spelling() const {
  return short_name() != '\0' ? fmt::format("-{}", short_name()) : fmt::format("--{}", long_name());
}

const OptionEntry* KnownOption::run_option() const {
  const auto* entry = std::get_if<const OptionEntry*>(&row_);
  return entry == nullptr ? nullptr : *entry;
}

bool KnownOption::is_about_output() const {
  return std::visit(Overloaded{[](const OptionEntry* entry) {
                                 return entry->id == OptionId::kRemotePrefix || entry->id == OptionId::kVerbose ||
                                        entry->id == OptionId::kColor;
                               },
                               // An exit code is of the run, however it is shown.
                               [](const ClientOption* entry) {
                                 return entry->group == OptionGroup::kOutput && entry->long_name != "maxrc";
                               },
                               [](const LimitEntry*) { return false; }},
                    row_);
}

Result<> KnownOption::take(RstapOptions& options, const std::string& value) const {
  return std::visit(Overloaded{[&](const OptionEntry* entry) { return take_stap_option(options, entry->id, value); },
                               [&](const ClientOption* entry) { return entry->take(options, value); },
                               [&](const LimitEntry* entry) -> Result<> {
                                 options.limits.*entry->value = TRY(parse_int<std::uint64_t>(value, 1, kLimitMax));
                                 return {};
                               }},
                    row_);
}

const std::vector<KnownOption>& known_options() {
  static const std::vector<KnownOption> all = [] {
    std::vector<KnownOption> rows;
    for (const OptionEntry& entry : option_table()) rows.emplace_back(&entry);
    for (const ClientOption& entry : client_option_table()) rows.emplace_back(&entry);
    for (const LimitEntry& entry : kLimitTable) rows.emplace_back(&entry);
    return rows;
  }();
  return all;
}

const KnownOption* find_known_option(std::string_view long_name) {
  for (const KnownOption& each : known_options()) {
    if (!long_name.empty() && each.long_name() == long_name) return &each;
  }
  return nullptr;
}

}  // namespace stapsh::client
