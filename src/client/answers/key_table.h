// SPDX-License-Identifier: Apache-2.0
// The keys of one map, each once for all hosts, numbered in the order in which they came. What is said beyond a limit
// is not taken; the caller counts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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
  static constexpr KeyIndex kNone = UINT32_MAX;

  /// `seed`: of the hashes, so that no host can know which keys collide.
  explicit KeyTable(KeyMatching matching = KeyMatching::kExact, std::uint64_t seed = 0);

  /// The key's index, which it is given if it is new and `may_add`.
  std::optional<KeyIndex> find_or_add(std::string_view key, bool may_add = true) {
    if (matching_ == KeyMatching::kLoose) return find_loosely(key, may_add);
    return find_or_add(key, hash_of(key, seed_), may_add);
  }

  // The same of exact keys, in steps for many at once: memory is fetched for one while another is looked at.
  [[nodiscard]] std::uint64_t start(std::string_view key) const {
    const std::uint64_t hash = hash_of(key, seed_);
    __builtin_prefetch(slots_.data() + (hash & (slots_.size() - 1)));
    return hash;
  }
  /// Most likely its index; kNone: it is new.
  [[nodiscard]] KeyIndex guess(std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask; slots_.data()[at].entry != 0; at = (at + 1) & mask) {
      if (slots_.data()[at].hash == static_cast<std::uint32_t>(hash >> 32)) return slots_.data()[at].entry - 1;
    }
    return kNone;
  }
  /// `index`: as guessed; its text is fetched.
  void fetch(KeyIndex index) const {
    const std::string_view key = compared(index);
    __builtin_prefetch(key.data());
    __builtin_prefetch(key.data() + key.size());
  }
  [[nodiscard]] bool is(KeyIndex index, std::string_view key) const { return is_same(compared(index), key); }
  std::optional<KeyIndex> find_or_add(std::string_view key, std::uint64_t hash, bool may_add) {
    const KeyIndex found = find(key, hash);
    if (found != kNone) return found;
    if (!may_add || !has_room(key)) return std::nullopt;
    return add(key, hash);
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] KeyMatching matching() const { return matching_; }
  /// Of several spellings the fullest: the longest, and of those the first in the alphabet. Until the next key.
  [[nodiscard]] std::string_view text(KeyIndex key) const {
    return matching_ == KeyMatching::kLoose ? std::string_view(fullest_[key]) : compared(key);
  }

 private:
  struct Entry {
    std::uint32_t at, bytes;  // In text_.
  };
  struct Slot {
    std::uint32_t hash = 0, entry = 0;  // Entry's index and one; 0: free.
  };

  [[nodiscard]] std::string_view compared(KeyIndex key) const {
    const Entry& entry = entries_.data()[key];
    return {text_.data() + entry.at, entry.bytes};
  }
  [[nodiscard]] KeyIndex find(std::string_view key, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask; slots_.data()[at].entry != 0; at = (at + 1) & mask) {
      const Slot& slot = slots_.data()[at];
      if (slot.hash == static_cast<std::uint32_t>(hash >> 32) && is_same(compared(slot.entry - 1), key)) {
        return slot.entry - 1;
      }
    }
    return kNone;
  }
  std::optional<KeyIndex> find_loosely(std::string_view key, bool may_add);
  [[nodiscard]] bool has_room(std::string_view key) const { return key.size() <= UINT32_MAX - text_.size(); }
  KeyIndex add(std::string_view key, std::uint64_t hash);
  void put(KeyIndex key, std::uint64_t hash);
  void grow();

  static std::uint64_t hash_of(std::string_view text, std::uint64_t seed);
  static std::uint64_t word_at(const char* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
  }
  static bool is_same(std::string_view one, std::string_view other);

  KeyMatching matching_;
  std::uint64_t seed_;
  std::string text_;  // Of all keys, one behind the other.
  std::vector<Entry> entries_;
  // A power of two of them, at most a quarter of them used: each look at a second one is a branch that was not
  // foreseen.
  std::vector<Slot> slots_;
  std::vector<std::string> fullest_;  // By key, where they are matched loosely.
  std::string loose_;
};

// Keys are short, and there are millions: neither is a call.

inline std::uint64_t KeyTable::hash_of(std::string_view text, std::uint64_t seed) {
  // Both halves of a product of 128 bits: each bit of the factors reaches many of the result.
  constexpr auto kFold = [](std::uint64_t one, std::uint64_t other) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{one} * other;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  constexpr std::uint64_t kOne = 0x9e3779b97f4a7c15, kOther = 0xd6e8feb86659fd93;
  const std::uint64_t secret = seed ^ kOther;
  std::uint64_t hash = seed ^ kOne ^ text.size();
  std::size_t left = text.size();
  const char* from = text.data();
  if (left < 8) {
    std::uint64_t word = 0;
    for (; left > 0; --left) word = (word << 8) | static_cast<unsigned char>(*from++);
    return kFold(kFold(hash ^ word, secret), kOne);
  }
  for (; left > 32; from += 16, left -= 16) hash = kFold(hash ^ word_at(from), secret ^ word_at(from + 8));
  // The last 17 to 32 bytes, some of them twice: in steps that don't depend on how many they are.
  const char* const end = from + left;
  const char* const last = left > 16 ? end - 16 : from;
  const std::uint64_t begun = kFold(hash ^ word_at(from), secret ^ word_at(left > 16 ? from + 8 : end - 8));
  return kFold(begun ^ word_at(last), (secret + kOne) ^ word_at(end - 8));
}

inline bool KeyTable::is_same(std::string_view one, std::string_view other) {
  const std::size_t bytes = one.size();
  if (bytes != other.size()) return false;
  if (bytes < 8) return one == other;
  if (bytes > 32) return std::memcmp(one.data(), other.data(), bytes) == 0;
  const auto differ = [&](std::size_t at) { return word_at(one.data() + at) ^ word_at(other.data() + at); };
  const std::size_t second = bytes > 16 ? 8 : 0, third = bytes > 16 ? bytes - 16 : 0;
  return (differ(0) | differ(second) | differ(third) | differ(bytes - 8)) == 0;
}

}  // namespace stapsh::client
