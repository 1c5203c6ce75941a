// SPDX-License-Identifier: Apache-2.0
#include "base/byte_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace stapsh {

void ByteBuffer::consume(std::size_t size) {
  STAPSH_ASSERT(size <= this->size());
  if (size == 0) return;
  begin_ += size;
  last_consumed_ = bytes_[begin_ - 1];
  if (begin_ == end_) begin_ = end_ = 0;
}

char* ByteBuffer::reserve(std::size_t size) {
  if (capacity_ - end_ >= size) return bytes_.get() + end_;
  const std::size_t used = end_ - begin_;
  // Sliding is worth it only if it frees as much as it moves: else a slow reader costs a copy for every append.
  if (begin_ < used || capacity_ - used < size) {
    capacity_ = std::max({capacity_ * 2, used + size, std::size_t{65'536}});
    std::unique_ptr<char[]> bytes(new char[capacity_]);  // make_unique would clear it first.
    if (used > 0) std::memcpy(bytes.get(), bytes_.get() + begin_, used);
    bytes_ = std::move(bytes);
  } else {
    std::memmove(bytes_.get(), bytes_.get() + begin_, used);
  }
  begin_ = 0;
  end_ = used;
  return bytes_.get() + end_;
}

void ByteBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
  commit(bytes.size());
}

}  // namespace stapsh
