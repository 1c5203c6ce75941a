// SPDX-License-Identifier: Apache-2.0
#include "client/answers/runner_json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/trimmed.h"
#include "client/answers/map_json.h"
#include "client/answers/raw_bytes.h"
#include "client/answers/value_text.h"

namespace stapsh::client {
namespace {

constexpr std::array<std::string_view, 4> kMapTypes{"map", "hist", "stats", "tseries"};
constexpr std::array<std::string_view, 6> kOutputTypes{"printf", "time", "cat", "join", "syscall", "value"};
constexpr std::array<std::string_view, 4> kComplaintTypes{"errorf", "warnf", "helper_error", "runtime_error"};
constexpr std::size_t kTypeBytesMax = 40;

bool is_one_of(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

said::Unreadable unreadable(std::string_view why) { return {std::string(why)}; }
said::Unreadable unreadable(simdjson::error_code error) { return unreadable(simdjson::error_message(error)); }

}  // namespace

class RunnerJson::State {
 public:
  RunnerSaid read(std::string_view line, MapSink& sink);

 private:
  using Object = simdjson::ondemand::object;
  using Json = simdjson::ondemand::value;

  simdjson::error_code open(std::string_view line, Object& object);
  RunnerSaid read_object(Object object, MapSink& sink);
  RunnerSaid read_data(Json value, MapSink& sink);
  RunnerSaid read_map(Json value, MapSink& sink);
  RunnerSaid read_output(Json value);
  RunnerSaid read_value(Json value);
  RunnerSaid read_number_of(std::string_view name, Json value);
  void note_detail(std::string_view name, Json value);
  RunnerSaid complaint();

  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
  std::string padded_;  // The line, and what simdjson wants behind it.
  std::size_t line_bytes_ = 0;
  bool widened_ = false, escaped_ = false;
  std::string type_, map_, output_;

  struct Details {
    std::string text, helper, code, file, line, column, count;
  } details_;
};

simdjson::error_code RunnerJson::State::open(std::string_view line, Object& object) {
  line_bytes_ = line.size();
  padded_.assign(line);
  padded_.append(simdjson::SIMDJSON_PADDING, ' ');
  simdjson::error_code error = parser_.iterate(padded_.data(), line_bytes_, padded_.size()).get(document_);
  if (error == simdjson::SUCCESS) error = document_.get_object().get(object);
  return error;
}

RunnerSaid RunnerJson::State::read(std::string_view line, MapSink& sink) {
  const std::string_view whole = line;
  line = trimmed(line);
  if (line.empty()) return said::Nothing{};
  if (line.front() != '{') return said::Plain{whole};
  std::string mended;
  escaped_ = line.find('\\') != std::string_view::npos;
  if (escaped_ && mend_escapes(line, mended)) line = mended;
  widened_ = false;
  type_.clear();
  details_ = {};
  Object object;
  simdjson::error_code error = open(line, object);
  if (error == simdjson::UTF8_ERROR) {
    widened_ = true;
    error = open(widen_bytes(line), object);
  }
  if (error != simdjson::SUCCESS) return unreadable(error);
  return read_object(object, sink);
}

RunnerSaid RunnerJson::State::read_object(Object object, MapSink& sink) {
  RunnerSaid result = said::Nothing{};
  bool has_data = false;
  for (auto field : object) {
    std::string_view name, type;
    if (const auto error = field.unescaped_key().get(name)) return unreadable(error);
    Json& value = field.value_unsafe().value();
    if (name == "type") {
      if (const auto error = value.get_string().get(type)) return unreadable(error);
      type_ = type;
    } else if (name == "data") {
      if (type_.empty()) return unreadable("data without a type before it");
      // More may follow in later versions; of a value that is no JSON nothing else can be read.
      if (type_ == "value") return read_value(value);
      if (std::exchange(has_data, true)) return unreadable("data twice in one line");
      result = read_data(value, sink);
      if (std::holds_alternative<said::Unreadable>(result)) return result;
    } else {
      note_detail(name, value);
    }
  }
  if (document_.current_location().error() != simdjson::OUT_OF_BOUNDS)
    return unreadable("more than one value in a line");
  if (is_one_of(kComplaintTypes, type_)) return complaint();
  if (type_.empty()) return unreadable("no type");
  if (auto* attached = std::get_if<said::AttachedProbes>(&result)) attached->counted = !details_.count.empty();
  if (!has_data) return unreadable("no data for the type " + type_.substr(0, kTypeBytesMax));
  return result;
}

RunnerSaid RunnerJson::State::read_data(Json value, MapSink& sink) {
  if (is_one_of(kMapTypes, type_)) return read_map(value, sink);
  if (is_one_of(kOutputTypes, type_)) return read_output(value);
  if (type_ == "attached_probes") return read_number_of("probes", value);
  if (type_ == "lost_events") return read_number_of("events", value);
  if (is_one_of(kComplaintTypes, type_)) return said::Nothing{};
  return unreadable("a type that this version does not know: " + type_.substr(0, kTypeBytesMax));
}

RunnerSaid RunnerJson::State::read_map(Json value, MapSink& sink) {
  Object object;
  if (const auto error = value.get_object().get(object)) return unreadable(error);
  std::size_t maps = 0;
  for (auto field : object) {
    std::string_view name;
    Json values;
    if (maps++ > 0) return unreadable("two maps in one line");
    if (const auto error = field.unescaped_key().get(name)) return unreadable(error);
    if (const auto error = field.value().get(values)) return unreadable(error);
    map_ = widened_ ? narrow_bytes(name) : std::string(name);
    std::string why = MapJson(sink, type_, widened_, escaped_).read(map_, values);
    if (!why.empty()) return said::Unreadable{map_ + ": " + why};
  }
  if (maps == 0) return unreadable("a map without a name");
  return said::PrintedMap{map_};
}

RunnerSaid RunnerJson::State::read_output(Json value) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) return unreadable(error);
  output_ = widened_ ? narrow_bytes(text) : std::string(text);
  if (type_ == "join") output_.push_back('\n');  // The text mode ends it so.
  return said::Output{output_};
}

// From its first byte to the brace that ends the line: times and addresses are without quotes in 0.17, which is no
// JSON.
RunnerSaid RunnerJson::State::read_value(Json value) {
  const std::string_view token = value.raw_json_token();
  const auto begin = static_cast<std::size_t>(token.data() - padded_.data());
  if (begin >= line_bytes_ || padded_[line_bytes_ - 1] != '}') return unreadable("a value without an end");
  output_ = value_text(trimmed(std::string_view(padded_).substr(begin, line_bytes_ - 1 - begin)));
  if (widened_) output_ = narrow_bytes(output_);
  output_.push_back('\n');
  return said::Output{output_};
}

RunnerSaid RunnerJson::State::read_number_of(std::string_view name, Json value) {
  Object object;
  std::uint64_t number = 0;
  if (const auto error = value.get_object().get(object)) return unreadable(error);
  if (const auto error = object.find_field_unordered(name).get_uint64().get(number)) return unreadable(error);
  if (type_ == "lost_events") return said::LostEvents{number};
  return said::AttachedProbes{number};
}

void RunnerJson::State::note_detail(std::string_view name, Json value) {
  constexpr std::pair<std::string_view, std::string Details::*> kFields[] = {
      {"msg", &Details::text},  {"helper", &Details::helper}, {"retcode", &Details::code}, {"filename", &Details::file},
      {"line", &Details::line}, {"col", &Details::column},    {"count", &Details::count}};
  const auto* field =
      std::find_if(std::begin(kFields), std::end(kFields), [&](const auto& f) { return f.first == name; });
  if (field == std::end(kFields)) return;
  const std::string_view token = value.raw_json_token();
  std::string_view text;
  if (token.starts_with('"')) {
    if (value.get_string().get(text) == simdjson::SUCCESS) {
      details_.*field->second = widened_ ? narrow_bytes(text) : std::string(text);
    }
  } else if (!token.starts_with('[') && !token.starts_with('{')) {
    details_.*field->second = trimmed(token);
  }
}

RunnerSaid RunnerJson::State::complaint() {
  said::Complaint complaint{type_, details_.text};
  const Details& d = details_;
  if (!d.helper.empty()) complaint.text += " (" + d.helper + (d.code.empty() ? "" : ", " + d.code) + ")";
  if (!d.line.empty()) complaint.text += " at " + (d.file.empty() ? "" : d.file + ":") + d.line + ":" + d.column;
  return complaint;
}

RunnerJson::RunnerJson() : state_(std::make_unique<State>()) {}
RunnerJson::~RunnerJson() = default;

RunnerSaid RunnerJson::read(std::string_view line, MapSink& sink) { return state_->read(line, sink); }

}  // namespace stapsh::client
