// SPDX-License-Identifier: Apache-2.0
// What one host said of one map, compactly: 12 bytes for a key with a number, some 30 to 60 for one with a histogram.
// It never changes, and copies share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/answers/bucket_table.h"
#include "client/answers/value.h"

namespace stapsh::client {

/// Index of a key: of a KeyTable, or of Answer::keys.
using KeyIndex = std::uint32_t;

class HostValues {
 public:
  /// Index into RunStarted::targets.
  [[nodiscard]] std::size_t target() const { return target_; }
  /// When it was read.
  [[nodiscard]] WallTime at() const { return at_; }
  /// Without keys it has one value, whose key is empty.
  [[nodiscard]] bool keyed() const { return content_->keyed; }

  /// Each key once, in ascending order.
  [[nodiscard]] std::span<const KeyIndex> keys() const { return *keys_; }
  [[nodiscard]] std::size_t size() const { return keys_->size(); }
  /// Of keys()[position].
  [[nodiscard]] Value value(std::size_t position) const;
  [[nodiscard]] std::optional<Value> find(KeyIndex key) const;
  /// All values, by position, if each is a number of 64 bits; else empty: for who has many to look at.
  [[nodiscard]] std::span<const std::int64_t> numbers() const { return content_->numbers; }

  /// Keys over a limit, which are not in here.
  [[nodiscard]] std::uint64_t dropped() const { return content_->dropped; }
  /// How many of its values were said of keys that are spelled differently, and are one key here.
  [[nodiscard]] std::uint64_t joined() const { return content_->joined; }
  /// Of memory, without what it shares with other hosts.
  [[nodiscard]] std::size_t bytes() const;

  /// The same with key K called `names[K]`. Their order must be the same.
  [[nodiscard]] HostValues renamed(std::span<const KeyIndex> names) const;

 private:
  friend class ValuesBuilder;
  friend class FleetSum;

  struct Content {
    bool keyed = false;
    std::uint64_t dropped = 0;
    std::uint64_t joined = 0;
    std::vector<std::int64_t> numbers;
    // Or, where some are no such number: a value as packed_value.h writes it, and where it ends.
    std::vector<std::uint32_t> ends;
    std::string packed;
    std::shared_ptr<const BucketTable> buckets;
  };

  [[nodiscard]] std::string_view packed(std::size_t position) const;

  std::size_t target_ = 0;
  WallTime at_{};
  std::shared_ptr<const std::vector<KeyIndex>> keys_;
  std::shared_ptr<const Content> content_;
};

}  // namespace stapsh::client
