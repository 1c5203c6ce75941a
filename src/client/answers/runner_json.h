// SPDX-License-Identifier: Apache-2.0
// Lines of `bpftrace -f json`, of 0.17 to 0.27, one at a time. Pure; the line comes from a host that is not trusted:
// any bytes give one record, and the next line is read as if nothing had been. Samples: tests/answers/samples.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "client/answers/map_kind.h"
#include "client/answers/value.h"

namespace stapsh::client {

/// Takes the values of a map, in the order of the line. A key may come more than once.
class MapSink {
 public:
  virtual ~MapSink() = default;
  /// A print of `map` begins. Returns how the program makes it: "stats" alone does not say whether a number is one.
  virtual MapKind begin(std::string_view map) = 0;
  /// Comes before the first value. Without keys there is one value, its key is empty.
  virtual void set_keyed(bool keyed) = 0;
  virtual void add(std::span<const KeyedNumber> numbers) = 0;
  /// Why it can't be taken; empty: it was.
  virtual std::string add(std::string_view key, const Value& value) = 0;
};

/// What a line was; views hold until the next one. Where it is not PrintedMap, values that came before are void.
namespace said {
struct Nothing {};  ///< A blank line.
/// printf, time, cat, join, system, print of what is no map: as the text mode shows it.
struct Output {
  std::string_view bytes;
};
struct PrintedMap {
  std::string_view map;
};
struct AttachedProbes {
  std::uint64_t probes;
  bool counted = false;  ///< Beside them stands a "count", as 0.24 and later have it.
};
struct LostEvents {
  std::uint64_t events;
};
/// errorf, warnf and what the runtime complains of.
struct Complaint {
  std::string type;  ///< "errorf", "helper_error", …
  std::string text;  ///< "too big (map_update_elem, -7) at x.bt:1:67": for a person.
};
/// No JSON, as warnings are: the whole line.
struct Plain {
  std::string_view line;
};
/// JSON, but not as bpftrace writes it, or cut.
struct Unreadable {
  std::string why;
};
}  // namespace said
using RunnerSaid = std::variant<said::Nothing, said::Output, said::PrintedMap, said::AttachedProbes, said::LostEvents,
                                said::Complaint, said::Plain, said::Unreadable>;

class RunnerJson {
 public:
  RunnerJson();
  ~RunnerJson();
  RunnerJson(const RunnerJson&) = delete;
  RunnerJson& operator=(const RunnerJson&) = delete;

  /// `line` without its newline.
  RunnerSaid read(std::string_view line, MapSink& sink);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace stapsh::client
