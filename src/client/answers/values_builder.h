// SPDX-License-Identifier: Apache-2.0
// Makes the HostValues of one print of a map, key by key, in whatever order and however often the runner says them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/answers/host_values.h"
#include "client/answers/key_table.h"
#include "client/answers/map_kind.h"
#include "client/answers/value.h"

namespace stapsh::client {

/// What the hosts of one map share.
struct MapTables {
  KeyTable keys;
  std::shared_ptr<BucketTable> buckets = std::make_shared<BucketTable>();
};

/// One for all prints: it keeps its memory.
class ValuesBuilder {
 public:
  /// Begins anew. `keys_max`: beyond so many, a key that no host has said before is dropped and counted.
  void begin(MapKind kind, MapTables& tables, bool keyed, std::size_t keys_max);

  void add(std::span<const KeyedNumber> numbers);
  /// False: a histogram with too many different buckets.
  [[nodiscard]] bool add(std::string_view key, const Value& value);

  /// Of values that are built again: what was dropped and joined then.
  void add_counts_of(const HostValues& before) {
    dropped_ += before.dropped();
    joined_ += before.joined();
  }

  HostValues finish(std::size_t target, WallTime at);

 private:
  struct Mark {
    std::int64_t number = 0;  // Or, where not all are numbers, which of pieces_.
    std::uint32_t print = 0;  // The one that had the key last.
  };

  void add_at_once(std::span<const KeyedNumber> numbers);
  std::optional<KeyIndex> take_key(std::string_view key) {
    const std::optional<KeyIndex> index = tables_->keys.find_or_add(key, tables_->keys.size() < keys_max_);
    if (!index) ++dropped_;
    return index;
  }
  std::optional<KeyIndex> take_loose_key(std::string_view key);
  [[gnu::always_inline]] void put(KeyIndex key, std::int64_t number) {
    Mark& mark = mark_of(key);
    if (!are_numbers_ || mark.print == print_) return put_slowly(key, Number{number});
    mark = {number, print_};
    keys_.push_back(key);
  }
  Mark& mark_of(KeyIndex key) {
    if (key >= marks_.size()) marks_.resize(std::max<std::size_t>(64, std::size_t{key} * 2));
    return marks_[key];
  }
  void put_slowly(KeyIndex key, const Value& value);
  bool store(Mark& mark, bool again, const Value& value);
  void stop_being_numbers();
  [[nodiscard]] Value stored(const Mark& mark) const;
  void sort_keys();
  [[nodiscard]] bool are_last_keys() const;

  MapKind kind_ = MapKind::kOther;
  MapTables* tables_ = nullptr;
  bool keyed_ = false;
  std::size_t keys_max_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint32_t print_ = 0;
  std::vector<Mark> marks_;  // By key.
  std::uint64_t joined_ = 0;
  std::vector<std::uint64_t> spelled_;  // By key, where they are matched loosely: the spelling that this print has.

  struct Piece {
    std::uint32_t at = 0, bytes = 0;  // In packed_.
  };
  std::vector<KeyIndex> keys_;
  std::shared_ptr<const std::vector<KeyIndex>> last_keys_;  // Of the last print: hosts often say the same keys.
  bool are_numbers_ = true;                                 // Of 64 bits, all of them.
  bool fits_ = true;
  std::vector<Piece> pieces_;
  std::string packed_;
};

}  // namespace stapsh::client
