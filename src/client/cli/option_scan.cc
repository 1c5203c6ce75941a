// SPDX-License-Identifier: Apache-2.0
#include "client/cli/option_scan.h"

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "base/assert.h"

namespace stapsh::client {
namespace {

// What getopt_long returns: a short option's character, or one of these and an index into known_options(), or,
// of the last, into refused_option_table().
constexpr int kLong = 0x1000, kLongNo = 0x2000, kLongRefused = 0x3000;

class Scan {
 public:
  Scan(std::span<const std::string> words, OptionSource source, std::vector<GivenOption> before)
      : words_(words.begin(), words.end()), source_(source) {
    found_.options = std::move(before);
  }

  Result<ScannedWords> scan() {
    build_tables();
    std::string program = "rstap";
    std::vector<char*> argv{program.data()};
    for (std::string& word : words_) argv.push_back(word.data());
    const int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    optind = 0;  // glibc: start anew, forgetting any earlier scan.
    opterr = 0;
    while (!ended_) {
      const int found = getopt_long(argc, argv.data(), short_options_.c_str(), long_options_.data(), nullptr);
      if (found == -1) break;
      TRY(on_option(found, argv[static_cast<std::size_t>(std::max(optind - 1, 0))]));
    }
    for (int at = optind; at < argc; ++at) found_.positionals.emplace_back(argv[static_cast<std::size_t>(at)]);
    return std::move(found_);
  }

 private:
  // `name` ends in a NUL: it is a literal of the tables, or kept in no_names_.
  void add_long(const char* name, int argument, int value) {
    long_options_.push_back({name, argument, nullptr, value});
  }

  void build_tables() {
    int index = 0;
    for (const KnownOption& each : known_options()) {
      const bool takes_value = !each.value().empty();
      if (each.short_name() != '\0') {
        short_options_ += each.short_name();
        if (takes_value) short_options_ += ':';
      }
      if (!each.long_name().empty()) {
        const int argument = each.value_is_optional() ? optional_argument
                             : takes_value            ? required_argument
                                                      : no_argument;
        add_long(each.long_name().data(), argument, kLong + index);
        if (each.long_name() == "color") add_long("colour", argument, kLong + index);
        no_names_.push_back(fmt::format("no-{}", each.long_name()));
        add_long(no_names_.back().c_str(), no_argument, kLongNo + index);
      }
      ++index;
    }
    int refused = kLongRefused;
    for (const RefusedOption& entry : refused_option_table()) {
      if (entry.short_name != '\0') short_options_ += entry.short_name;
      // Whether it has a value does not matter.
      if (!entry.long_name.empty()) add_long(entry.long_name.data(), optional_argument, refused);
      ++refused;
    }
    long_options_.push_back({nullptr, 0, nullptr, 0});
  }

  Result<> on_option(int found, std::string_view word) {
    const std::string value = optarg != nullptr ? optarg : "";
    if (found == '?') return unknown(word);
    if (found == ':') return fail(Errc::kUsage, fmt::format("{} needs a value", name_of_failed(word)));
    if (found >= kLongRefused) {
      const RefusedOption& entry = refused_option_table()[static_cast<std::size_t>(found - kLongRefused)];
      return fail(Errc::kUsage, fmt::format("--{}: {}", entry.long_name, entry.why));
    }
    if (found >= kLongNo) {
      take_back(known_options()[static_cast<std::size_t>(found - kLongNo)]);
      return {};
    }
    if (found >= kLong) {
      const KnownOption& option = known_options()[static_cast<std::size_t>(found - kLong)];
      give(option, value, fmt::format("--{}", option.long_name()));
      return {};
    }
    for (const RefusedOption& entry : refused_option_table()) {
      if (entry.short_name == found) return fail(Errc::kUsage, fmt::format("-{}: {}", entry.short_name, entry.why));
    }
    for (const KnownOption& option : known_options()) {
      if (option.short_name() != found) continue;
      give(option, value, option.spelling());
      return {};
    }
    STAPSH_ASSERT(false);  // Every option that getopt knows is in a table.
    return {};
  }

  void give(const KnownOption& option, const std::string& value, std::string spelling) {
    // Whatever is wrong with the others: who asks for help gets it.
    ended_ = option.long_name() == "help" || option.long_name() == "version";
    if (ended_) found_.options.clear();
    if (source_ == OptionSource::kEnvironment) spelling.insert(0, "RSTAP_OPTIONS: ");
    found_.options.push_back({&option, value, std::move(spelling), source_});
  }

  void take_back(const KnownOption& option) {
    std::erase_if(found_.options, [&](const GivenOption& given) { return given.option == &option; });
    // Where none is given there is one by default.
    if (option.long_name() == "config") found_.options.push_back({&option, "", "--no-config", source_});
  }

  /// optopt is a short option's character, or a long option's value, or 0.
  static std::string name_of_failed(std::string_view word) {
    if (optopt > 0 && optopt < kLong) return fmt::format("-{}", static_cast<char>(optopt));
    return std::string(word);
  }

  Result<> unknown(std::string_view word) const {
    const std::string name = name_of_failed(word);
    if (optopt >= kLong) {
      return fail(Errc::kUsage, fmt::format("{} takes no value", name.substr(0, name.find('='))));
    }
    if (optopt == 0) {  // A long one: unknown, or the beginning of several.
      const std::string_view begin = std::string_view(name).substr(2, name.find('=') - 2);
      std::string candidates;
      for (const option& entry : long_options_) {
        if (entry.name == nullptr || std::string_view(entry.name).substr(0, begin.size()) != begin) continue;
        candidates += fmt::format("{}--{}", candidates.empty() ? "" : ", ", entry.name);
      }
      if (!candidates.empty()) return fail(Errc::kUsage, fmt::format("'{}' may mean {}", name, candidates));
    }
    return fail(Errc::kUsage, unknown_option_message(name));
  }

  std::vector<std::string> words_;
  OptionSource source_;
  std::string short_options_{":"};  // A missing value is told apart from an unknown option.
  std::vector<option> long_options_;
  std::deque<std::string> no_names_;
  ScannedWords found_;
  bool ended_ = false;
};

}  // namespace

Result<> apply(const GivenOption& given, RstapOptions& options) {
  Result<> taken = given.option->take(options, given.value);
  if (!taken) return add_context(given.spelling, std::move(taken).error());
  return {};
}

Result<ScannedWords> scan_words(std::span<const std::string> words, OptionSource source,
                                std::vector<GivenOption> before) {
  return Scan(words, source, std::move(before)).scan();
}

}  // namespace stapsh::client
