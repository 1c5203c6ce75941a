// SPDX-License-Identifier: Apache-2.0
// The values of one map in a line of `bpftrace -f json`. For runner_json.cc alone.
#pragma once

#include <simdjson.h>

#include <array>
#include <string>
#include <string_view>

#include "client/answers/runner_json.h"

namespace stapsh::client {

class MapJson {
 public:
  /// `widened`: the line's strings went through widen_bytes().
  MapJson(MapSink& sink, std::string_view type, bool widened, bool escaped)
      : sink_(sink), is_hist_(type == "hist"), is_stats_(type == "stats"), widened_(widened), escaped_(escaped) {}

  /// Why it can't be read; empty: it was.
  std::string read(std::string_view map, simdjson::ondemand::value value);

 private:
  using Object = simdjson::ondemand::object;
  using Json = simdjson::ondemand::value;

  bool read_object(Object object);
  bool read_stats_object(Object object);
  bool read_value(std::string_view key, Json value);
  bool read_number(std::string_view key, Json value);
  bool read_string(std::string_view key, Json value);
  bool read_stats(std::string_view key, Object object);
  bool read_histogram(std::string_view key, simdjson::ondemand::array array);
  bool read_bucket(simdjson::simdjson_result<Json> json);
  bool keep_text(std::string_view key, Json value);
  bool add(std::string_view key, const Value& value);
  bool get_key(simdjson::simdjson_result<simdjson::ondemand::field>& field, std::string_view& key);
  bool get_integer(Json value, Number& number);
  bool refuse(std::string_view why);
  bool refuse(simdjson::error_code error) { return refuse(simdjson::error_message(error)); }

  MapSink& sink_;
  bool is_hist_, is_stats_, widened_, escaped_;
  MapKind kind_ = MapKind::kOther;
  std::string why_;
  std::string narrow_key_;
  Value histogram_ = Histogram();
  std::array<KeyedNumber, 64> numbers_;  // Which the sink gets at once.
};

}  // namespace stapsh::client
