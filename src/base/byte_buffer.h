// SPDX-License-Identifier: Apache-2.0
// Bytes that one makes and another writes.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace stapsh {

/// Bytes waiting to be written: appended at the end, taken from the front. Reuses its memory.
class ByteBuffer {
 public:
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  /// The first `size` bytes were written.
  void consume(std::size_t size);
  void append(std::string_view bytes);

  /// At least `size` writable bytes; commit() says how many were written there.
  char* reserve(std::size_t size);
  void commit(std::size_t size) { end_ += size; }

  /// Whether what is appended next begins a line, of all that was ever appended.
  [[nodiscard]] bool at_line_start() const { return (empty() ? last_consumed_ : bytes_[end_ - 1]) == '\n'; }

 private:
  char last_consumed_ = '\n';
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace stapsh
