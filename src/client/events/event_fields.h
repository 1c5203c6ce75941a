// SPDX-License-Identifier: Apache-2.0
// The fields of one JSON object, asked for by name. The first thing that is wrong is kept; what is asked for after it
// is empty, so that nobody has to look between two fields.
#pragma once

#include <simdjson.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "base/parse_int.h"
#include "client/events/event_names.h"
#include "client/events/json_text.h"

namespace stapsh::client {

class EventFields {
 public:
  explicit EventFields(simdjson::ondemand::object object) : object_(object) {}

  /// What is wrong, for a person; empty: nothing.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// A word was read that this version does not know: the event is of a newer one.
  [[nodiscard]] bool is_newer() const { return newer_; }

  void refuse(std::string_view name, std::string_view what) { (void)wrong(name, what); }

  enum class Need { kMust, kMay };

  /// A view, which holds until the parser's next document.
  std::optional<std::string_view> string(std::string_view name, Need need) {
    std::optional<simdjson::ondemand::value> value = find(name, need);
    std::string_view text;
    if (!value) return std::nullopt;
    if (value->get_string().get(text) != simdjson::SUCCESS) return wrong(name, "is no string");
    return text;
  }

  /// A string, or {"base64": …} for bytes that are none; empty without it.
  std::string text(std::string_view name, Need need = Need::kMust) {
    std::optional<simdjson::ondemand::value> value = find(name, need);
    if (!value) return {};
    simdjson::ondemand::json_type type{};
    if (value->type().get(type) != simdjson::SUCCESS) return wrong_text(name);
    std::string_view text;
    if (type == simdjson::ondemand::json_type::string) {
      if (value->get_string().get(text) != simdjson::SUCCESS) return wrong_text(name);
      return std::string(text);
    }
    simdjson::ondemand::object inner;
    if (value->get_object().get(inner) != simdjson::SUCCESS) return wrong_text(name);
    if (inner.find_field_unordered("base64").get_string().get(text) != simdjson::SUCCESS) return wrong_text(name);
    std::optional<std::string> bytes = decode_base64(text);
    return bytes ? *std::move(bytes) : wrong_text(name);
  }

  template <std::integral Int>
  std::optional<Int> number(std::string_view name, Int min, Int max, Need need = Need::kMust) {
    const std::optional<std::string_view> token = raw(name, need);
    if (!token) return std::nullopt;
    const Result<Int> number = parse_int<Int>(*token, min, max);
    if (number) return *number;
    return wrong(name, number.error().what);
  }

  std::optional<std::chrono::nanoseconds> seconds(std::string_view name, Need need = Need::kMust) {
    const std::optional<std::string_view> token = raw(name, need);
    if (!token) return std::nullopt;
    const std::optional<std::chrono::nanoseconds> time = parse_exact_seconds(*token);
    if (!time) return wrong(name, "is no number of seconds with at most nine digits behind the point");
    return time;
  }

  bool truth(std::string_view name) {
    const std::optional<std::string_view> token = raw(name, Need::kMust);
    if (token && *token != "true" && *token != "false") (void)wrong(name, "is neither true nor false");
    return token == "true";
  }

  template <typename Value, std::size_t kSize>
  Value word(std::string_view name, const NameTable<Value, kSize>& table) {
    const std::optional<std::string_view> word = string(name, Need::kMust);
    const std::optional<Value> value = word ? value_for(table, *word) : std::nullopt;
    if (word && !value) newer_ = true;
    return value.value_or(table.front().first);
  }

  /// Calls `take` with the fields of each object of a list. Returns whether it is there.
  bool list(std::string_view name, Need need, const auto& take) {
    std::optional<simdjson::ondemand::value> value = find(name, need);
    if (!value) return false;
    simdjson::ondemand::array array;
    if (value->get_array().get(array) != simdjson::SUCCESS) return refused(name, "is no list");
    for (auto element : array) {
      simdjson::ondemand::object object;
      if (element.get_object().get(object) != simdjson::SUCCESS) return refused(name, "is no list of objects");
      EventFields fields(object);
      take(fields);
      if (!fields.problem_.empty()) problem_ = std::string(name) + ": " + fields.problem_;
      if (!problem_.empty()) return false;
    }
    return true;
  }

 private:
  bool refused(std::string_view name, std::string_view what) {
    refuse(name, what);
    return false;
  }

  std::optional<simdjson::ondemand::value> find(std::string_view name, Need need) {
    if (!problem_.empty()) return std::nullopt;
    simdjson::ondemand::value value;
    const simdjson::error_code error = object_.find_field_unordered(name).get(value);
    if (error == simdjson::SUCCESS) return value;
    if (error != simdjson::NO_SUCH_FIELD) problem_ = std::string("no JSON: ") + simdjson::error_message(error);
    if (error == simdjson::NO_SUCH_FIELD && need == Need::kMust) (void)wrong(name, "is missing");
    return std::nullopt;
  }

  // As it is written: a double would lose digits.
  std::optional<std::string_view> raw(std::string_view name, Need need) {
    std::optional<simdjson::ondemand::value> value = find(name, need);
    if (!value) return std::nullopt;
    std::string_view token = value->raw_json_token();
    while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\r')) {
      token.remove_suffix(1);
    }
    return token;
  }

  std::nullopt_t wrong(std::string_view name, std::string_view what) {
    if (problem_.empty()) problem_ = "'" + std::string(name) + "' " + std::string(what);
    return std::nullopt;
  }
  std::string wrong_text(std::string_view name) {
    (void)wrong(name, "is no text");
    return {};
  }

  simdjson::ondemand::object object_;
  std::string problem_;
  bool newer_ = false;
};

}  // namespace stapsh::client
