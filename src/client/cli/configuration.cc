// SPDX-License-Identifier: Apache-2.0
// toml++ is used here alone, and told to throw nothing.
#include "client/cli/configuration.h"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/split_shell_words.h"

namespace stapsh::client {
namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 3> kNotInAFile{"config", "help", "version"};

bool is_name(std::string_view text) {
  const auto fits = [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
           each == '_' || each == '-';
  };
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, fits);
}

// A string or a number, as one would write it on the command line.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  return std::nullopt;
}

class Reader {
  // First: what they return is deduced.
  [[nodiscard]] std::string where(const toml::key& key, std::string_view name) const {
    return fmt::format("{}:{}: {}", path_, key.source().begin.line, name);
  }
  auto refuse(const toml::key& key, std::string_view name, std::string_view why) const {
    return fail(Errc::kUsage, fmt::format("{}: {}", where(key, name), why));
  }

 public:
  explicit Reader(const std::string& path) : path_(path) {}

  Result<Configuration> read(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text, path_);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      return fail(Errc::kUsage, fmt::format("{}:{}: {}", path_, error.source().begin.line, error.description()));
    }
    for (const auto& [key, node] : parsed.table()) {
      const toml::table* table = node.as_table();
      const std::string_view name = key.str();
      const bool known = name == "options" || name == "groups" || name == "aliases" || name == "nats";
      if (!known || table == nullptr) {
        return refuse(key, name, "a configuration has the tables [options], [groups], [aliases] and [nats.SITE]");
      }
      for (const auto& [inner_key, inner] : *table) TRY(take(name, inner_key, inner));
    }
    // Tables of toml++ are sorted by their keys.
    std::ranges::stable_sort(options_, {}, &Option::line);
    for (Option& each : options_) found_.options.push_back(std::move(each.given));
    return std::move(found_);
  }

 private:
  struct Option {
    unsigned line;
    GivenOption given;
  };

  Result<> take(std::string_view table, const toml::key& key, const toml::node& node) {
    if (table == "options") return take_option(key, node);
    if (table == "nats") return take_site(key, node);
    const std::string name(key.str());
    if (!is_name(name)) return refuse(key, name, "a name has letters, digits, '-' and '_'");
    const std::optional<Words> words = words_of(node);
    if (!words) return refuse(key, name, "a string is needed, or a list of strings");
    if (table == "groups") {
      found_.groups[name] = *words;
      return {};
    }
    if (is_command_name(name)) return refuse(key, name, "is a command of rstap; give the alias another name");
    Words& alias = found_.aliases[name];
    alias = *words;
    if (node.is_array()) return {};
    Result<Words> split = split_shell_words(words->front());
    if (!split) return refuse(key, name, split.error().what);
    alias = *std::move(split);
    return {};
  }

  // As if --nats=SITE.KEY=VALUE had been said, which comes later and counts.
  Result<> take_site(const toml::key& site, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return refuse(site, site.str(), "a table [nats.SITE] is needed");
    const KnownOption* option = find_known_option("nats");
    for (const auto& [key, value] : *table) {
      const std::optional<Words> words = words_of(value);
      std::optional<std::string> text = scalar_text(value);
      if (const auto* on = value.as_boolean()) text = on->get() ? "true" : "false";
      if (words) text = fmt::format("{}", fmt::join(*words, ","));
      if (!text) return refuse(key, key.str(), "a string, a list of strings, a number, true or false is needed");
      options_.push_back({key.source().begin.line,
                          {option, fmt::format("{}.{}={}", site.str(), key.str(), *text), where(key, key.str()),
                           OptionSource::kFile}});
    }
    return {};
  }

  static std::optional<Words> words_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return Words{text->get()};
    const toml::array* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    Words words;
    for (const toml::node& each : *array) {
      if (!each.is_string()) return std::nullopt;
      words.push_back(each.as_string()->get());
    }
    return words;
  }

  Result<> take_option(const toml::key& key, const toml::node& node) {
    const std::string_view name = key.str();
    const KnownOption* option = find_known_option(name);
    if (option == nullptr) return refuse(key, name, "no such option; rstap --help has their long names");
    if (std::ranges::find(kNotInAFile, name) != kNotInAFile.end()) {
      return refuse(key, name, "is for the command line alone");
    }
    const auto give = [&](std::string value) {
      options_.push_back({key.source().begin.line, {option, std::move(value), where(key, name), OptionSource::kFile}});
      return Result<>();
    };
    const bool is_flag = option->value().empty();
    if (const auto* on = node.as_boolean(); on != nullptr && (is_flag || option->value_is_optional())) {
      return on->get() ? give("") : Result<>();
    }
    if (is_flag) return refuse(key, name, "true or false is needed");
    if (std::optional<std::string> value = scalar_text(node)) return give(*std::move(value));
    const toml::array* array = node.as_array();
    if (array == nullptr) return refuse(key, name, "a string or a number is needed");
    if (!option->repeatable()) return refuse(key, name, "one value is needed, not a list");
    for (const toml::node& each : *array) {
      std::optional<std::string> value = scalar_text(each);
      if (!value) return refuse(key, name, "a list of strings or numbers is needed");
      TRY(give(*std::move(value)));
    }
    return {};
  }

  const std::string& path_;
  std::vector<Option> options_;
  Configuration found_;
};

}  // namespace

Result<Configuration> parse_configuration(std::string_view text, const std::string& path) {
  return Reader(path).read(text);
}

}  // namespace stapsh::client
