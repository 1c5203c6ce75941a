// SPDX-License-Identifier: Apache-2.0
#include "client/answers/map_json.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "base/trimmed.h"
#include "client/answers/raw_bytes.h"
#include "client/answers/short_number.h"

namespace stapsh::client {
namespace {

using JsonType = simdjson::ondemand::json_type;

constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;

// Of 64 bits, with or without a sign, and nothing else around it.
std::optional<Number> parse_integer(std::string_view text) {
  const char* const end = text.data() + text.size();
  std::int64_t number = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, number); error == std::errc() && stop == end) {
    return Number{number};
  }
  std::uint64_t large = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, large); error == std::errc() && stop == end) {
    return Number{large};
  }
  return std::nullopt;
}

// simdjson's own comparison looks for escapes.
template <std::size_t kSize>
bool is_name(const simdjson::ondemand::raw_json_string& name, const char (&text)[kSize]) {
  return std::memcmp(name.raw(), text, kSize - 1) == 0 && name.raw()[kSize - 1] == '"';
}

bool is_numeric(MapKind kind) {
  return kind == MapKind::kCount || kind == MapKind::kSum || kind == MapKind::kMin || kind == MapKind::kMax ||
         kind == MapKind::kAvg;
}

bool is_gap(char c) { return c == ' ' || c == '\t'; }

// What stands between the quotes, found from the value backwards; empty: it is to be read in another way. Only of a
// line without backslashes.
std::string_view raw_key(simdjson::ondemand::field& field, const char* value) {
  const char* const begin = field.key().raw();
  const char* end = value - 1;
  while (end > begin && is_gap(*end)) --end;
  if (end <= begin || *end != ':') return {};
  for (--end; end > begin && is_gap(*end);) --end;
  if (*end != '"') return {};
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

bool MapJson::refuse(std::string_view why) {
  if (why_.empty()) why_ = why;
  return false;
}

std::string MapJson::read(std::string_view map, Json value) {
  kind_ = sink_.begin(map);
  JsonType type{};
  if (const auto error = value.type().get(type)) {
    refuse(error);
  } else if (type == JsonType::object) {
    Object object;
    if (const auto wrong = value.get_object().get(object)) {
      refuse(wrong);
    } else {
      (void)(is_stats_ ? read_stats_object(object) : read_object(object));
    }
  } else {
    sink_.set_keyed(false);
    (void)read_value({}, value);
  }
  return std::move(why_);
}

bool MapJson::read_object(Object object) {
  sink_.set_keyed(true);
  std::size_t numbers = 0;
  const auto give_numbers = [&] { sink_.add(std::span(numbers_).first(std::exchange(numbers, 0))); };
  for (auto read : object) {
    if (read.error()) return refuse(read.error());
    auto& field = read.value_unsafe();
    const std::string_view token = field.value().raw_json_token();
    std::string_view key = escaped_ ? std::string_view() : raw_key(field, token.data());
    if (key.empty()) {
      if (const auto error = field.unescaped_key().get(key)) return refuse(error);
    }
    if (widened_) key = narrow_key_ = narrow_bytes(key);
    std::int64_t number = 0;
    if (const auto short_number = widened_ ? std::nullopt : read_short_number(token)) {
      numbers_[numbers] = {key, *short_number};
      if (++numbers == numbers_.size()) give_numbers();
      continue;
    }
    if (!widened_ && field.value().get_int64().get(number) == simdjson::SUCCESS) {
      numbers_[numbers] = {key, number};
      if (++numbers == numbers_.size()) give_numbers();
      continue;
    }
    give_numbers();
    if (!read_value(key, field.value())) return false;
  }
  give_numbers();
  return true;
}

// {"a": 3, …} of avg(), {"a": {"count": …}, …} or, of a map without keys, {"count": …}: the first value tells.
bool MapJson::read_stats_object(Object object) {
  bool first = true, keyed = true;
  Stats stats;
  for (auto field : object) {
    std::string_view key;
    if (!get_key(field, key)) return false;
    Json& value = field.value_unsafe().value();
    if (std::exchange(first, false)) {
      JsonType type{};
      if (const auto error = value.type().get(type)) return refuse(error);
      keyed = type == JsonType::object || kind_ == MapKind::kAvg || (kind_ != MapKind::kStats && key != "count");
      sink_.set_keyed(keyed);
    }
    if (keyed) {
      if (!read_value(key, value)) return false;
    } else if (key == "count" || key == "total") {
      if (!get_integer(value, key == "count" ? stats.count : stats.total)) return false;
    }
  }
  if (first) sink_.set_keyed(true);
  return keyed || add({}, stats);
}

bool MapJson::get_key(simdjson::simdjson_result<simdjson::ondemand::field>& field, std::string_view& key) {
  if (const auto error = field.unescaped_key().get(key)) return refuse(error);
  if (widened_) key = narrow_key_ = narrow_bytes(key);
  return true;
}

bool MapJson::read_value(std::string_view key, Json value) {
  JsonType type{};
  if (const auto error = value.type().get(type)) return refuse(error);
  switch (type) {
    case JsonType::number:
      return read_number(key, value);
    case JsonType::string:
      return read_string(key, value);
    case JsonType::array:
      if (is_hist_) {
        simdjson::ondemand::array array;
        if (const auto error = value.get_array().get(array)) return refuse(error);
        return read_histogram(key, array);
      }
      return keep_text(key, value);
    case JsonType::object:
      if (is_stats_) {
        Object object;
        if (const auto error = value.get_object().get(object)) return refuse(error);
        return read_stats(key, object);
      }
      return keep_text(key, value);
    case JsonType::boolean:
    case JsonType::null:
      break;
  }
  // Its first letter is all that was looked at: "nan" is none of them.
  const std::string_view token = trimmed(value.raw_json_token());
  if (token != "true" && token != "false" && token != "null") return refuse("a value that is no JSON");
  return keep_text(key, value);
}

bool MapJson::read_number(std::string_view key, Json value) {
  std::int64_t number = 0;
  if (value.get_int64().get(number) == simdjson::SUCCESS) return add(key, Number{number});
  const std::string_view token = trimmed(value.raw_json_token());
  if (token.find_first_of(".eE") != std::string_view::npos) {
    double ignored = 0;
    if (const auto error = value.get_double().get(ignored)) return refuse(error);
    return add(key, Text{std::string(token)});
  }
  Number large = 0;
  return get_integer(value, large) && add(key, large);
}

// Integers that a double can't hold are strings since 0.24.
bool MapJson::read_string(std::string_view key, Json value) {
  const std::string_view token = trimmed(value.raw_json_token());
  std::string_view text;
  if (const auto error = value.get_string().get(text)) return refuse(error);
  const std::optional<Number> number = parse_integer(text);
  if (number && (is_numeric(kind_) || *number > kExactInDouble || *number < -kExactInDouble)) return add(key, *number);
  return add(key, Text{widened_ ? narrow_bytes(token) : std::string(token)});
}

bool MapJson::get_integer(Json value, Number& number) {
  JsonType type{};
  std::string_view text;
  if (const auto error = value.type().get(type)) return refuse(error);
  if (type == JsonType::string) {
    if (const auto error = value.get_string().get(text)) return refuse(error);
  } else {
    std::int64_t short_number = 0;
    if (value.get_int64().get(short_number) == simdjson::SUCCESS) {
      number = short_number;
      return true;
    }
    text = value.raw_json_token();
    std::uint64_t ignored = 0;
    // For the reader to go on behind it.
    if (value.get_uint64().get(ignored) != simdjson::SUCCESS)
      return refuse("a value that is no whole number of 64 bits");
  }
  const std::optional<Number> parsed = parse_integer(trimmed(text));
  if (!parsed) return refuse("a value that is no whole number of 64 bits");
  number = *parsed;
  return true;
}

bool MapJson::read_stats(std::string_view key, Object object) {
  Stats stats;
  for (auto read : object) {
    if (read.error()) return refuse(read.error());
    auto& field = read.value_unsafe();
    const simdjson::ondemand::raw_json_string name = field.key();
    if (is_name(name, "count") && !get_integer(field.value(), stats.count)) return false;
    if (is_name(name, "total") && !get_integer(field.value(), stats.total)) return false;
  }
  return add(key, stats);
}

bool MapJson::read_histogram(std::string_view key, simdjson::ondemand::array array) {
  auto& buckets = std::get<Histogram>(histogram_);
  buckets.clear();
  for (auto element : array) {
    if (!read_bucket(element)) return false;
  }
  if (!std::is_sorted(buckets.begin(), buckets.end(), is_below)) std::sort(buckets.begin(), buckets.end(), is_below);
  return add(key, histogram_);
}

bool MapJson::read_bucket(simdjson::simdjson_result<Json> json) {
  Object object;
  if (const auto error = json.get_object().get(object)) return refuse(error);
  Bucket bucket;
  for (auto read : object) {
    if (read.error()) return refuse(read.error());
    auto& field = read.value_unsafe();
    const simdjson::ondemand::raw_json_string name = field.key();
    const bool is_count = is_name(name, "count");
    std::int64_t number = 0;
    if (field.value().get_int64().get(number) == simdjson::SUCCESS) {
      if (is_count && number < 0) return refuse("a bucket with a negative count");
    } else {
      Number large = 0;
      if (!get_integer(field.value(), large)) return false;
      if ((is_count && large < 0) || (!is_count && large > std::numeric_limits<std::int64_t>::max())) {
        return refuse("a bucket beyond 64 bits");
      }
      number = static_cast<std::int64_t>(large);  // A count comes back as it was.
    }
    if (is_count) {
      bucket.count = static_cast<std::uint64_t>(number);
    } else if (is_name(name, "min")) {
      bucket.min = number;
    } else if (is_name(name, "max")) {
      bucket.max = number;
    }
  }
  if (bucket.min && bucket.max && *bucket.min > *bucket.max) return refuse("a bucket that ends before it begins");
  std::get<Histogram>(histogram_).push_back(bucket);
  return true;
}

bool MapJson::keep_text(std::string_view key, Json value) {
  std::string_view json;
  if (const auto error = simdjson::to_json_string(value).get(json)) return refuse(error);
  json = trimmed(json);
  return add(key, Text{widened_ ? narrow_bytes(json) : std::string(json)});
}

bool MapJson::add(std::string_view key, const Value& value) {
  std::string why = sink_.add(key, value);
  return why.empty() || refuse(why);
}

}  // namespace stapsh::client
