// SPDX-License-Identifier: Apache-2.0
// What is to be written to standard output and standard error, before anybody writes it.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "protocol/agent_line.h"

namespace stapsh::client {

/// Bytes waiting to be written: appended at the end, taken from the front. Reuses its memory.
class OutputBuffer {
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

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

/// One for each stream.
class OutputBuffers {
 public:
  OutputBuffer& of(Stream stream) { return buffers_[static_cast<std::size_t>(stream)]; }
  /// Bytes in both that nobody has taken yet.
  [[nodiscard]] std::size_t pending_bytes() const { return buffers_[0].size() + buffers_[1].size(); }

 private:
  std::array<OutputBuffer, 2> buffers_;
};

}  // namespace stapsh::client
