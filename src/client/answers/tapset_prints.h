// SPDX-License-Identifier: Apache-2.0
// Makes whole prints of one host's lines of tapset/rstap.stp. A print of a map with keys goes from its "begin" to its
// "end"; other text may stand between, and other maps, for what two processors print at once is mixed. What is not
// whole is given with a word that says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/answers/map_kind.h"
#include "client/answers/systemtap_rows.h"
#include "client/answers/value.h"

namespace stapsh::client {

struct TapsetPrint {
  std::string name;
  MapKind kind = MapKind::kOther;
  bool keyed = false;
  std::vector<std::pair<std::string, Value>> rows;  ///< By key; without keys one, whose key is empty.
};

class TapsetTaker {
 public:
  virtual ~TapsetTaker() = default;
  virtual void on_tapset_print(const TapsetPrint& print) = 0;
  /// For a person; it quotes what the host said.
  virtual void on_tapset_problem(const std::string& problem) = 0;
};

class TapsetPrints {
 public:
  /// One for which is_tapset_line() holds.
  void on_line(std::string_view line, TapsetTaker& taker);
  /// The kind of histogram that must come next; none: it would belong to nobody.
  [[nodiscard]] std::optional<MapKind> awaited() const;
  /// It came.
  void on_histogram(Histogram histogram, TapsetTaker& taker);
  /// Something else came.
  void on_text(TapsetTaker& taker);
  void on_end(TapsetTaker& taker);

 private:
  struct Open {
    TapsetPrint print;
    std::size_t bytes = 0;
    std::uint64_t lost = 0;  // Rows that could not be read or kept.
  };
  struct Awaited {
    std::string name, key;
    MapKind kind;
    bool keyed;
  };

  Open* find(std::string_view name);
  void begin(std::string_view name, MapKind kind, TapsetTaker& taker);
  void take_row(std::string_view name, std::string_view rest, TapsetTaker& taker);
  static void refuse_unbegun(std::string_view name, TapsetTaker& taker);
  void add(Open& open, std::string key, Value value);
  void close(std::size_t index, std::optional<std::uint64_t> rows, TapsetTaker& taker);
  void close_without_end(std::size_t index, TapsetTaker& taker);

  std::vector<Open> open_;
  std::optional<Awaited> awaited_;
};

}  // namespace stapsh::client
