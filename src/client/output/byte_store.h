// SPDX-License-Identifier: Apache-2.0
// Bytes that are kept until the end of a run: in memory up to a bound, the rest in a temporary file that has no name.
// Only appended to; what was appended can be looked at in its place. Where the file takes no more it is full, and says
// why; then nothing is lost, but what is appended goes over the bound.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class ByteStore {
 public:
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
  static constexpr std::size_t kMemoryBytes = std::size_t{256} << 20;

  /// Where bytes lie. Those of one piece are in one block.
  struct Piece {
    std::uint32_t block = 0, offset = 0, size = 0;
    bool operator==(const Piece&) const = default;
  };

  explicit ByteStore(std::size_t memory_bytes = kMemoryBytes) : memory_bytes_(memory_bytes) {}
  ByteStore(const ByteStore&) = delete;
  ByteStore& operator=(const ByteStore&) = delete;
  ~ByteStore();

  /// Keeps as many of `bytes`, one at least, as fit behind those of the last call; call again for the rest.
  Piece append(std::string_view bytes);
  /// Valid until the next append().
  [[nodiscard]] std::string_view view(const Piece& piece) const {
    return {blocks_[piece.block].bytes() + piece.offset, piece.size};
  }
  /// All that was appended, wherever it is.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t bytes_in_file() const { return file_bytes_; }

  /// What is kept beside, to find these bytes again, counts as well: so much it takes now.
  void note_index_bytes(std::size_t bytes) { index_bytes_ = bytes; }
  /// Why no more should be appended; nothing: it may. It looks whenever a block is full.
  [[nodiscard]] const std::optional<Error>& full() const { return full_; }

 private:
  struct Block {
    std::unique_ptr<char[]> heap;
    const char* mapped = nullptr;  // Once it is in the file.
    [[nodiscard]] const char* bytes() const { return mapped != nullptr ? mapped : heap.get(); }
  };
  void make_room();
  Result<> move_to_file(Block& block);
  [[nodiscard]] bool is_over_bound() const {
    return (blocks_.size() - in_file_) * kBlockBytes + index_bytes_ >= std::max(memory_bytes_, kBlockBytes);
  }

  std::size_t memory_bytes_;
  std::vector<Block> blocks_;
  std::size_t filled_ = kBlockBytes;  // Of the last block.
  std::size_t in_file_ = 0;           // Blocks: the first ones.
  std::size_t index_bytes_ = 0;
  std::uint64_t bytes_ = 0, file_bytes_ = 0;
  sys::UniqueFd file_;
  std::optional<Error> full_;
};

}  // namespace stapsh::client
