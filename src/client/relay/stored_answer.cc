// SPDX-License-Identifier: Apache-2.0
#include "client/relay/stored_answer.h"

#include <simdjson.h>

#include <array>

#include "base/parse_int.h"
#include "sys/clock.h"

namespace stapsh::client {
namespace {

constexpr int kStreamNotFound = 10059, kNoMessageFound = 10037;

// 2026-11-27T18:52:16.123456789Z, as Go prints it; parts of a second don't matter here.
std::optional<WallTime> parse_time(std::string_view text) {
  struct Field {
    std::size_t at, size;
    int max;
  };
  constexpr std::array<Field, 6> kFields{
      {{0, 4, 2'200}, {5, 2, 12}, {8, 2, 31}, {11, 2, 23}, {14, 2, 59}, {17, 2, 60}}};
  std::array<int, kFields.size()> values{};
  if (text.size() < 20 || text.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const Result<int> value = parse_int<int>(text.substr(kFields[i].at, kFields[i].size), 0, kFields[i].max);
    if (!value) return std::nullopt;
    values[i] = *value;
  }
  using namespace std::chrono;
  const year_month_day date{year(values[0]), month(static_cast<unsigned>(values[1])),
                            day(static_cast<unsigned>(values[2]))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date).time_since_epoch() + hours(values[3]) + minutes(values[4]) + seconds(values[5]);
}

}  // namespace

bool StoredAnswer::is_no_stream() const { return error == kStreamNotFound; }

bool StoredAnswer::is_no_message() const { return error == kNoMessageFound; }

bool StoredAnswer::is_fresh() const { return stored && *stored + kFreshFor > sys::wall_now(); }

StoredAnswer parse_stored_answer(std::string_view json) {
  using namespace simdjson;
  dom::parser parser;
  dom::object top;
  StoredAnswer answer;
  if (parser.parse(json.data(), json.size()).get(top) != SUCCESS) return answer;
  answer.is_understood = true;
  dom::object error;
  if (top["error"].get(error) == SUCCESS) {
    std::int64_t code = 0;
    if (error["err_code"].get(code) != SUCCESS) code = 0;
    answer.error = static_cast<int>(code);
  }
  std::string_view time;
  if (top["message"]["time"].get(time) == SUCCESS) answer.stored = parse_time(time);
  return answer;
}

}  // namespace stapsh::client
