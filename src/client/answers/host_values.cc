// SPDX-License-Identifier: Apache-2.0
#include "client/answers/host_values.h"

#include <algorithm>
#include <utility>

#include "client/answers/packed_value.h"

namespace stapsh::client {

std::string_view HostValues::packed(std::size_t position) const {
  const std::size_t begin = position == 0 ? 0 : content_->ends[position - 1];
  return std::string_view(content_->packed).substr(begin, content_->ends[position] - begin);
}

Value HostValues::value(std::size_t position) const {
  if (!content_->numbers.empty()) return Number{content_->numbers[position]};
  return unpack(packed(position), *content_->buckets);
}

std::optional<Value> HostValues::find(KeyIndex key) const {
  const auto found = std::lower_bound(keys_->begin(), keys_->end(), key);
  if (found == keys_->end() || *found != key) return std::nullopt;
  return value(static_cast<std::size_t>(found - keys_->begin()));
}

std::size_t HostValues::bytes() const {
  return sizeof *this + sizeof(Content) + content_->numbers.capacity() * sizeof(std::int64_t) +
         content_->ends.capacity() * sizeof(std::uint32_t) + content_->packed.capacity() +
         sizeof(std::vector<KeyIndex>) + keys_->capacity() * sizeof(KeyIndex);
}

HostValues HostValues::renamed(std::span<const KeyIndex> names) const {
  auto keys = std::make_shared<std::vector<KeyIndex>>(*keys_);
  for (KeyIndex& key : *keys) key = names[key];
  HostValues same = *this;
  same.keys_ = std::move(keys);
  return same;
}

}  // namespace stapsh::client
