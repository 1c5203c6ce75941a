// SPDX-License-Identifier: Apache-2.0
#include "client/answers/key_table.h"

#include <utility>

namespace stapsh::client {
namespace {

constexpr std::size_t kSlotsAtFirst = 16;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

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
  while (to.size() - begin >= 2 * (around + 1) && to[begin + around] == '(' && to[to.size() - 1 - around] == ')') {
    ++around;
  }
  to.resize(to.size() - around);
  to.erase(begin, around);
}

KeyTable::KeyTable(KeyMatching matching, std::uint64_t seed)
    : matching_(matching), seed_(seed), slots_(kSlotsAtFirst) {}

std::optional<KeyIndex> KeyTable::find_loosely(std::string_view key, bool may_add) {
  loose_.clear();
  append_loose_key(loose_, key);
  const std::uint64_t hash = hash_of(loose_, seed_);
  const KeyIndex found = find(loose_, hash);
  if (found == kNone) {
    if (!may_add || !has_room(loose_)) return std::nullopt;
    fullest_.emplace_back(key);
    return add(loose_, hash);
  }
  std::string& fullest = fullest_[found];
  if (key.size() > fullest.size() || (key.size() == fullest.size() && key < fullest)) fullest = key;
  return found;
}

KeyIndex KeyTable::add(std::string_view key, std::uint64_t hash) {
  if ((entries_.size() + 1) * 4 > slots_.size()) grow();
  const auto index = static_cast<KeyIndex>(entries_.size());
  entries_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(key.size())});
  text_.append(key);
  put(index, hash);
  return index;
}

void KeyTable::put(KeyIndex key, std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].entry != 0) at = (at + 1) & mask;
  slots_[at] = {static_cast<std::uint32_t>(hash >> 32), key + 1};
}

void KeyTable::grow() {
  slots_ = std::vector<Slot>(slots_.size() * 2);
  for (KeyIndex key = 0; key < entries_.size(); ++key) put(key, hash_of(compared(key), seed_));
}

}  // namespace stapsh::client
