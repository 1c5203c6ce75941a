// SPDX-License-Identifier: Apache-2.0
#include "client/answers/values_builder.h"

#include <algorithm>
#include <utility>

#include "client/answers/packed_value.h"

namespace stapsh::client {
namespace {

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
  dropped_ = 0;
  waiting_count_ = 0;
  keys_.clear();
  numbers_.clear();
  pieces_.clear();
  packed_.clear();
  are_numbers_ = fits_ = true;
  if (++print_ == 0) {
    marks_.clear();
    print_ = 1;
  }
}

void ValuesBuilder::take_waiting() {
  KeyTable& keys = tables_->keys;
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    waiting_[i].guess = keys.guess(waiting_[i].hash);
    if (waiting_[i].guess < marks_.size()) __builtin_prefetch(&marks_[waiting_[i].guess]);
  }
  for (std::size_t i = 0; i < waiting_count_; ++i) keys.fetch(waiting_[i].guess);
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    const auto& [key, hash, number, guess] = waiting_[i];
    const std::optional<KeyIndex> index = keys.find_or_add(key, hash, keys.size() < keys_max_);
    index ? put(*index, number) : void(++dropped_);
  }
  waiting_count_ = 0;
}

bool ValuesBuilder::add(std::string_view key, const Value& value) {
  take_waiting();
  const std::optional<KeyIndex> index = take_key(key);
  if (!index) return true;
  if (const std::optional<std::int64_t> number = as_short_number(value)) {
    put(*index, *number);
  } else {
    put_slowly(*index, value);
  }
  return fits_;
}

void ValuesBuilder::put_slowly(KeyIndex key, Value value) {
  Mark& mark = mark_of(key);
  const bool again = mark.print == print_;
  if (again) value = combine(kind_, stored(mark.position), std::move(value));
  if (!again) {
    mark = {print_, static_cast<std::uint32_t>(keys_.size())};
    keys_.push_back(key);
  }
  fits_ = store(mark.position, value) && fits_;
}

bool ValuesBuilder::store(std::size_t position, const Value& value) {
  const std::optional<std::int64_t> number = as_short_number(value);
  if (are_numbers_ && number) {
    if (position == numbers_.size()) numbers_.push_back(0);
    numbers_[position] = *number;
    return true;
  }
  if (are_numbers_) stop_being_numbers();
  if (position == pieces_.size()) pieces_.push_back({});
  const std::size_t begin = packed_.size();
  if (begin > kPackedBytesMax / 2) return false;
  const bool fits = pack(packed_, value, *tables_->buckets);
  pieces_[position] = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(packed_.size() - begin)};
  return fits;
}

void ValuesBuilder::stop_being_numbers() {
  are_numbers_ = false;
  for (const std::int64_t number : numbers_) {
    const std::size_t begin = packed_.size();
    (void)pack(packed_, Number{number}, *tables_->buckets);  // Only buckets may not fit.
    pieces_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(packed_.size() - begin)});
  }
  numbers_.clear();
}

Value ValuesBuilder::stored(std::size_t position) const {
  if (are_numbers_) return Number{numbers_[position]};
  return unpack(std::string_view(packed_).substr(pieces_[position].at, pieces_[position].bytes), *tables_->buckets);
}

// The positions in the order of their keys. Where the host has many of the keys that there are, going through them all
// is quicker than sorting.
std::vector<std::uint32_t> ValuesBuilder::ascending() const {
  constexpr std::size_t kManyTimes = 8;
  std::vector<std::uint32_t> positions;
  positions.reserve(keys_.size());
  if (tables_->keys.size() <= kManyTimes * keys_.size()) {
    const std::size_t end = std::min(marks_.size(), tables_->keys.size());
    for (std::size_t key = 0; key < end; ++key) {
      if (marks_[key].print == print_) positions.push_back(marks_[key].position);
    }
    return positions;
  }
  for (std::uint32_t i = 0; i < keys_.size(); ++i) positions.push_back(i);
  std::sort(positions.begin(), positions.end(), [&](auto one, auto other) { return keys_[one] < keys_[other]; });
  return positions;
}

HostValues ValuesBuilder::finish(std::size_t target, WallTime at) {
  take_waiting();
  auto content = std::make_shared<HostValues::Content>();
  auto keys = std::make_shared<std::vector<KeyIndex>>();
  content->keyed = keyed_;
  content->dropped = dropped_;
  content->buckets = tables_->buckets;
  keys->reserve(keys_.size());
  std::size_t packed_bytes = 0;
  for (const Piece& piece : pieces_) packed_bytes += piece.bytes;
  content->packed.reserve(packed_bytes);
  content->numbers.reserve(numbers_.size());
  content->ends.reserve(pieces_.size());
  for (const std::uint32_t position : ascending()) {
    keys->push_back(keys_[position]);
    if (are_numbers_) {
      content->numbers.push_back(numbers_[position]);
    } else {
      content->packed.append(packed_, pieces_[position].at, pieces_[position].bytes);
      content->ends.push_back(static_cast<std::uint32_t>(content->packed.size()));
    }
  }
  HostValues values;
  values.target_ = target;
  values.at_ = at;
  values.keys_ = std::move(keys);
  values.content_ = std::move(content);
  return values;
}

}  // namespace stapsh::client
