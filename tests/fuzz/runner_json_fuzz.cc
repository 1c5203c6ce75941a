// SPDX-License-Identifier: Apache-2.0
// Any line may come from a host. It gives one record; a map's values come after its begin, and what is no text passes
// whole. A line that was read says the same when it is read again after any other.
#include <optional>
#include <string>
#include <variant>

#include "base/overloaded.h"
#include "client/answers/runner_json.h"
#include "fuzz_target.h"

using namespace stapsh;
using namespace stapsh::client;

namespace {

class Sink : public MapSink {
 public:
  explicit Sink(MapKind kind) : kind_(kind) {}
  MapKind begin(std::string_view map) override {
    STAPSH_ASSERT(said.empty());
    said.append(map).push_back('\n');
    return kind_;
  }
  void set_keyed(bool keyed) override {
    STAPSH_ASSERT(!keyed_.has_value());
    keyed_ = keyed;
  }
  void add(std::span<const KeyedNumber> numbers) override {
    for (const auto& [key, number] : numbers) take(key).append(std::to_string(number));
  }
  std::string add(std::string_view key, const Value& value) override {
    take(key).append(std::to_string(value.index()));
    if (const auto* histogram = std::get_if<Histogram>(&value)) {
      for (std::size_t i = 1; i < histogram->size(); ++i)
        STAPSH_ASSERT(!is_below((*histogram)[i], (*histogram)[i - 1]));
      said.append(std::to_string(histogram->size()));
    }
    if (const auto* text = std::get_if<Text>(&value)) said.append(text->json);
    return {};
  }
  std::string said;

 private:
  std::string& take(std::string_view key) {
    STAPSH_ASSERT(keyed_.has_value());
    STAPSH_ASSERT(*keyed_ || key.empty());
    return said.append(key).append("=");
  }
  MapKind kind_;
  std::optional<bool> keyed_;
};

std::string read(RunnerJson& reader, std::string_view line, MapKind kind) {
  Sink sink(kind);
  const RunnerSaid record = reader.read(line, sink);
  return std::visit(Overloaded{[](const said::Output& output) { return std::string(output.bytes); },
                               [&](const said::PrintedMap& printed) {
                                 STAPSH_ASSERT(sink.said.starts_with(printed.map));
                                 return sink.said;
                               },
                               [&](const said::Plain& plain) {
                                 STAPSH_ASSERT(plain.line == line);
                                 return std::string(plain.line);
                               },
                               [](const said::Unreadable& unreadable) {
                                 STAPSH_ASSERT(!unreadable.why.empty());
                                 return unreadable.why;
                               },
                               [](const auto&) { return std::string("other"); }},
                    record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  RunnerJson reader;
  while (!text.empty()) {
    const std::string_view line = fuzz::take_line(text);
    for (int kind = 0; kind <= static_cast<int>(MapKind::kOther); ++kind) {
      const std::string once = read(reader, line, static_cast<MapKind>(kind));
      (void)read(reader, "{\"type\": \"map\", \"data\": {\"@\\u00ff\": {\"\xff", MapKind::kCount);
      STAPSH_ASSERT(read(reader, line, static_cast<MapKind>(kind)) == once);
    }
  }
  return 0;
}
