// SPDX-License-Identifier: Apache-2.0
// Many texts that grow at the same time and are much alike: what several begin with is kept once. A tree of bytes, in
// which each text is a way from the root; texts that are equal end in the same place. Compared byte by byte, as they
// come: nothing rests on a hash, and nothing is compared twice.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "client/output/byte_store.h"

namespace stapsh::client {

class SharedTexts {
 public:
  explicit SharedTexts(std::size_t texts, std::size_t memory_bytes = ByteStore::kMemoryBytes);

  /// Text number `text`, from 0, goes on with `bytes`.
  void append(std::size_t text, std::string_view bytes);

  /// Where a text ends: the same for equal texts, and only for them.
  struct Place {
    std::size_t node = 0;
    std::uint64_t size = 0;  ///< Of the text.
    auto operator<=>(const Place&) const = default;
  };
  [[nodiscard]] Place place(std::size_t text) const { return settled(ends_[text]); }
  /// The same of a text without its last bytes.
  [[nodiscard]] Place place_before(std::size_t text, std::uint64_t last_bytes) const {
    return settled({ends_[text].node, ends_[text].size - last_bytes});
  }

  /// The text that ends in `place`, in pieces. What append() may move is not touched meanwhile.
  [[nodiscard]] std::vector<ByteStore::Piece> pieces(const Place& place) const;
  [[nodiscard]] std::string_view view(const ByteStore::Piece& piece) const { return store_.view(piece); }

  /// What all texts together take.
  [[nodiscard]] std::uint64_t kept_bytes() const { return store_.bytes(); }
  /// As ByteStore's: what finds the bytes again is counted with them.
  [[nodiscard]] const std::optional<Error>& full() const { return store_.full(); }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  struct Run {
    std::uint64_t begin;  // In the text.
    ByteStore::Piece piece;
  };
  struct Node {  // The bytes [begin, end) of every text that goes through it.
    std::uint64_t begin = 0, end = 0;
    std::size_t parent = kNone;
    std::vector<Run> runs;
    std::vector<std::size_t> children;  // Their first bytes differ.
  };

  [[nodiscard]] Place settled(Place place) const;
  [[nodiscard]] std::string_view bytes_at(const Node& node, std::uint64_t at) const;
  [[nodiscard]] std::optional<std::size_t> child_beginning_with(const Node& node, char first) const;
  std::size_t split(std::size_t node, std::uint64_t at);
  [[nodiscard]] std::size_t index_bytes() const;
  void grow(Node& node, std::string_view bytes);

  ByteStore store_;
  std::deque<Node> nodes_;
  std::size_t runs_ = 0;     // Of all nodes.
  std::vector<Place> ends_;  // By text; a node that was split since may say too much: see settled().
};

}  // namespace stapsh::client
