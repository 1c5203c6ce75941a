// SPDX-License-Identifier: Apache-2.0
// The keys of one map, each once for all hosts, numbered in the order in which they came. What is said beyond a limit
// is not taken; the caller counts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/answers/host_values.h"

namespace stapsh::client {

/// Runners of 0.24 and later drop all blanks of a key, and the parentheses around it; older ones write a line end in a
/// stack as "\n" or even as backslash and n. Where versions differ, such spellings are one key.
enum class KeyMatching : std::uint8_t { kExact, kLoose };

/// `key` without what versions spell differently.
void append_loose_key(std::string& to, std::string_view key);

class KeyTable {
 public:
  /// `seed`: of the hashes, so that no host can know which keys collide.
  explicit KeyTable(KeyMatching matching = KeyMatching::kExact, std::uint64_t seed = 0);

  /// The key's index, which it is given if it is new and `may_add`.
  std::optional<KeyIndex> find_or_add(std::string_view key, bool may_add = true) {
    if (matching_ == KeyMatching::kLoose) return find_loosely(key, may_add);
    return find_as(key, key, may_add);
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] KeyMatching matching() const { return matching_; }
  /// Of several spellings the fullest: the longest, and of those the first in the alphabet. Until the next key.
  [[nodiscard]] std::string_view text(KeyIndex key) const {
    const Entry& entry = entries_[key];
    return std::string_view(text_).substr(entry.shown_at, entry.shown_bytes);
  }
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    std::uint64_t at, shown_at;  // In text_: what is compared, what is shown.
    std::uint32_t bytes, shown_bytes;
    std::uint64_t hash;
  };
  struct Slot {
    std::uint32_t hash = 0, entry = 0;  // Entry's index and one; 0: free.
  };

  std::optional<KeyIndex> find_loosely(std::string_view key, bool may_add);
  std::optional<KeyIndex> find_as(std::string_view compared, std::string_view shown, bool may_add);
  KeyIndex add(std::string_view compared, std::string_view shown, std::uint64_t hash);
  void grow();
  void show_fullest(Entry& entry, std::string_view shown);
  [[nodiscard]] std::uint64_t hash_of(std::string_view text) const;

  KeyMatching matching_;
  std::uint64_t seed_;
  std::string text_;  // Of all keys, one behind the other.
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;  // A power of two of them, at most half of them used.
  std::string loose_;
};

}  // namespace stapsh::client
