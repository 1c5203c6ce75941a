// SPDX-License-Identifier: Apache-2.0
#include "client/answers/key_table.h"

#include <cstring>

namespace stapsh::client {
namespace {

constexpr std::size_t kSlotsAtFirst = 16;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Both halves of a product of 128 bits: each bit of the factors reaches many of the result.
std::uint64_t fold(std::uint64_t one, std::uint64_t other) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{one} * other;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word_at(const char* from, std::size_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

}  // namespace

void append_loose_key(std::string& to, std::string_view key) {
  const std::size_t begin = to.size();
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '\\' && i + 1 < key.size() && key[i + 1] == 'n') {
      to.push_back('\n');
      ++i;
    } else if (!is_blank(key[i])) {
      to.push_back(key[i]);
    }
  }
  std::size_t around = 0;
  while (to.size() - begin >= 2 * (around + 1) && to[begin + around] == '(' && to[to.size() - 1 - around] == ')')
    ++around;
  to.resize(to.size() - around);
  to.erase(begin, around);
}

KeyTable::KeyTable(KeyMatching matching, std::uint64_t seed)
    : matching_(matching), seed_(seed), slots_(kSlotsAtFirst) {}

std::uint64_t KeyTable::hash_of(std::string_view text) const {
  constexpr std::uint64_t kOne = 0x9e3779b97f4a7c15, kOther = 0xd6e8feb86659fd93;
  const std::uint64_t secret = seed_ ^ kOther;
  std::uint64_t hash = seed_ ^ (text.size() * kOne);
  const char* from = text.data();
  std::size_t left = text.size();
  for (; left > 8; from += 8, left -= 8) hash = fold(hash ^ word_at(from, 8), secret);
  return fold(fold(hash ^ word_at(from, left), secret), kOne);
}

std::optional<KeyIndex> KeyTable::find_loosely(std::string_view key, bool may_add) {
  loose_.clear();
  append_loose_key(loose_, key);
  return find_as(loose_, key, may_add);
}

std::optional<KeyIndex> KeyTable::find_as(std::string_view compared, std::string_view shown, bool may_add) {
  const std::uint64_t hash = hash_of(compared);
  const auto short_hash = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].entry != 0; at = (at + 1) & mask) {
    if (slots_[at].hash != short_hash) continue;
    const KeyIndex index = slots_[at].entry - 1;
    Entry& entry = entries_[index];
    if (std::string_view(text_.data() + entry.at, entry.bytes) != compared) continue;
    if (matching_ == KeyMatching::kLoose) show_fullest(entry, shown);
    return index;
  }
  if (!may_add) return std::nullopt;
  return add(compared, shown, hash);
}

KeyIndex KeyTable::add(std::string_view compared, std::string_view shown, std::uint64_t hash) {
  if ((entries_.size() + 1) * 2 > slots_.size()) grow();
  const std::uint64_t at = text_.size();
  text_.append(compared);
  Entry entry{at, at, static_cast<std::uint32_t>(compared.size()), static_cast<std::uint32_t>(compared.size()), hash};
  if (shown != compared) show_fullest(entry, shown);
  entries_.push_back(entry);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot].entry != 0) slot = (slot + 1) & mask;
  slots_[slot] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(entries_.size())};
  return static_cast<KeyIndex>(entries_.size() - 1);
}

void KeyTable::grow() {
  std::vector<Slot> slots(slots_.size() * 2);
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t at = entries_[i].hash & mask;
    while (slots[at].entry != 0) at = (at + 1) & mask;
    slots[at] = {static_cast<std::uint32_t>(entries_[i].hash >> 32), static_cast<std::uint32_t>(i + 1)};
  }
  slots_ = std::move(slots);
}

void KeyTable::show_fullest(Entry& entry, std::string_view shown) {
  const std::string_view now(text_.data() + entry.shown_at, entry.shown_bytes);
  // What is only compared was perhaps never said, so any spelling that was replaces it.
  const bool was_said = entry.shown_at != entry.at || entry.shown_bytes != entry.bytes;
  if (shown == now) return;
  if (shown.size() < now.size()) return;
  if (was_said && shown.size() == now.size() && shown > now) return;
  entry.shown_at = text_.size();
  entry.shown_bytes = static_cast<std::uint32_t>(shown.size());
  text_.append(shown);
}

std::size_t KeyTable::bytes() const {
  return text_.capacity() + entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(Slot);
}

}  // namespace stapsh::client
