// SPDX-License-Identifier: Apache-2.0
#include "client/answers/values_builder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "client/answers/packed_value.h"

namespace stapsh::client {
namespace {

constexpr std::size_t kAtOnce = 64;  // Of numbers: enough for memory to come, few enough to stay where it is quick.

// Of packed values of one print: their ends have 32 bits. A line is shorter.
constexpr std::size_t kPackedBytesMax = std::numeric_limits<std::uint32_t>::max();

std::optional<std::int64_t> as_short_number(const Value& value) {
  const auto* number = std::get_if<Number>(&value);
  if (number == nullptr || *number < std::numeric_limits<std::int64_t>::min() ||
      *number > std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

}  // namespace

void ValuesBuilder::begin(MapKind kind, MapTables& tables, bool keyed, std::size_t keys_max) {
  kind_ = kind;
  tables_ = &tables;
  keyed_ = keyed;
  keys_max_ = keys_max;
  dropped_ = joined_ = 0;
  keys_.clear();
  pieces_.clear();
  packed_.clear();
  are_numbers_ = fits_ = true;
  if (++print_ == 0) {
    marks_.clear();
    print_ = 1;
  }
}

void ValuesBuilder::add(std::span<const KeyedNumber> numbers) {
  if (tables_->keys.matching() == KeyMatching::kLoose) {
    for (const auto& [key, number] : numbers) {
      if (const std::optional<KeyIndex> index = take_loose_key(key)) put(*index, number);
    }
    return;
  }
  while (!numbers.empty()) {
    const auto some = numbers.first(std::min(numbers.size(), kAtOnce));
    add_at_once(some);
    numbers = numbers.subspan(some.size());
  }
}

// In steps for all of them: memory is fetched for one while another is looked at.
void ValuesBuilder::add_at_once(std::span<const KeyedNumber> numbers) {
  KeyTable& keys = tables_->keys;
  std::array<std::uint64_t, kAtOnce> hashes;
  for (std::size_t i = 0; i < numbers.size(); ++i) hashes[i] = keys.start(numbers[i].key);
  std::array<KeyIndex, kAtOnce> guesses;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    guesses[i] = keys.guess(hashes[i]);
    if (guesses[i] < marks_.size()) __builtin_prefetch(&marks_[guesses[i]], 1);
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (guesses[i] < marks_.size()) keys.fetch(guesses[i]);
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto& [key, number] = numbers[i];
    if (guesses[i] < marks_.size() && keys.is(guesses[i], key)) {
      put(guesses[i], number);
    } else if (const auto index = keys.find_or_add(key, hashes[i], keys.size() < keys_max_)) {
      put(*index, number);
    } else {
      ++dropped_;
    }
  }
}

// "a b" and "ab" of one host are two keys there; of a host that says both as "ab" nobody could tell them apart.
std::optional<KeyIndex> ValuesBuilder::take_loose_key(std::string_view key) {
  const std::optional<KeyIndex> index = take_key(key);
  if (!index) return index;
  const std::uint64_t spelling = tables_->keys.start(key);
  if (*index >= spelled_.size()) spelled_.resize(std::max<std::size_t>(64, std::size_t{*index} * 2));
  if (mark_of(*index).print == print_ && spelled_[*index] != spelling) ++joined_;
  spelled_[*index] = spelling;
  return index;
}

bool ValuesBuilder::add(std::string_view key, const Value& value) {
  const bool loosely = tables_->keys.matching() == KeyMatching::kLoose;
  const std::optional<KeyIndex> index = loosely ? take_loose_key(key) : take_key(key);
  if (!index) return true;
  if (const std::optional<std::int64_t> number = as_short_number(value)) {
    put(*index, *number);
  } else {
    put_slowly(*index, value);
  }
  return fits_;
}

void ValuesBuilder::put_slowly(KeyIndex key, const Value& value) {
  Mark& mark = mark_of(key);
  const bool again = mark.print == print_;
  const bool fits = again ? store(mark, again, combine(kind_, stored(mark), value)) : store(mark, again, value);
  fits_ = fits && fits_;
  mark.print = print_;
  if (!again) keys_.push_back(key);
}

bool ValuesBuilder::store(Mark& mark, bool again, const Value& value) {
  const std::optional<std::int64_t> number = as_short_number(value);
  if (are_numbers_ && number) {
    mark.number = *number;
    return true;
  }
  if (are_numbers_) stop_being_numbers();
  if (!again) {
    mark.number = static_cast<std::int64_t>(pieces_.size());
    pieces_.push_back({});
  }
  const std::size_t begin = packed_.size();
  if (begin > kPackedBytesMax / 2) return false;
  const bool fits = pack(packed_, value, *tables_->buckets);
  Piece& piece = pieces_[static_cast<std::size_t>(mark.number)];
  const std::size_t bytes = packed_.size() - begin;
  if (again && bytes <= piece.bytes) {
    // In the place of what was there: a key may come a million times.
    std::copy_n(packed_.begin() + static_cast<std::ptrdiff_t>(begin), bytes, packed_.begin() + piece.at);
    packed_.resize(begin);
  } else {
    piece.at = static_cast<std::uint32_t>(begin);
  }
  piece.bytes = static_cast<std::uint32_t>(bytes);
  return fits;
}

void ValuesBuilder::stop_being_numbers() {
  are_numbers_ = false;
  for (const KeyIndex key : keys_) {
    const std::size_t begin = packed_.size();
    (void)pack(packed_, Number{marks_[key].number}, *tables_->buckets);  // Only buckets may not fit.
    marks_[key].number = static_cast<std::int64_t>(pieces_.size());
    pieces_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(packed_.size() - begin)});
  }
}

Value ValuesBuilder::stored(const Mark& mark) const {
  if (are_numbers_) return Number{mark.number};
  const Piece& piece = pieces_[static_cast<std::size_t>(mark.number)];
  return unpack(std::string_view(packed_).substr(piece.at, piece.bytes), *tables_->buckets);
}

// Where the host has many of the keys that there are, going through them all is quicker than sorting.
void ValuesBuilder::sort_keys() {
  constexpr std::size_t kManyTimes = 8;
  if (tables_->keys.size() > kManyTimes * keys_.size()) return std::sort(keys_.begin(), keys_.end());
  const std::size_t end = std::min(marks_.size(), tables_->keys.size());
  std::size_t count = 0;
  for (std::size_t key = 0; key < end && count < keys_.size(); ++key) {
    keys_[count] = static_cast<KeyIndex>(key);
    count += marks_[key].print == print_ ? 1 : 0;
  }
}

// As many as the last print had, and each of them.
bool ValuesBuilder::are_last_keys() const {
  if (last_keys_ == nullptr || last_keys_->size() != keys_.size()) return false;
  if (!last_keys_->empty() && last_keys_->back() >= marks_.size()) return false;
  return std::all_of(last_keys_->begin(), last_keys_->end(), [&](KeyIndex key) { return marks_[key].print == print_; });
}

HostValues ValuesBuilder::finish(std::size_t target, WallTime at) {
  if (!are_last_keys()) {
    sort_keys();
    last_keys_ = std::make_shared<std::vector<KeyIndex>>(keys_);
  }
  auto content = std::make_shared<HostValues::Content>();
  content->keyed = keyed_;
  content->dropped = dropped_;
  content->joined = joined_;
  content->buckets = tables_->buckets;
  if (are_numbers_) {
    content->numbers.resize(keys_.size());
    std::transform(last_keys_->begin(), last_keys_->end(), content->numbers.begin(),
                   [&](KeyIndex key) { return marks_[key].number; });
  } else {
    std::size_t packed_bytes = 0;
    for (const Piece& piece : pieces_) packed_bytes += piece.bytes;
    content->packed.reserve(packed_bytes);
    content->ends.reserve(keys_.size());
    for (const KeyIndex key : *last_keys_) {
      const Piece& piece = pieces_[static_cast<std::size_t>(marks_[key].number)];
      content->packed.append(packed_, piece.at, piece.bytes);
      content->ends.push_back(static_cast<std::uint32_t>(content->packed.size()));
    }
  }
  HostValues values;
  values.target_ = target;
  values.at_ = at;
  values.keys_ = last_keys_;
  values.content_ = std::move(content);
  return values;
}

}  // namespace stapsh::client
