// SPDX-License-Identifier: Apache-2.0
// One direction of a connection: holds a few bytes, splits them as the reader likes, can die at any byte.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stapsh::sim {

class Link {
 public:
  struct Faults {
    std::optional<std::uint64_t> cut_at;      ///< The bytes from here on never arrive.
    std::optional<std::uint64_t> corrupt_at;  ///< This byte arrives as another.
  };

  explicit Link(std::size_t capacity, Faults faults = {}) : capacity_(capacity), faults_(faults) {}

  [[nodiscard]] std::size_t room() const { return broken_ ? 0 : capacity_ - std::min(capacity_, bytes_.size()); }
  /// Takes what there is room for, and says how much that was. What a cut link takes is lost.
  std::size_t write(std::string_view bytes) {
    const std::size_t taken = std::min(bytes.size(), room());
    for (const char c : bytes.substr(0, taken)) {
      const std::uint64_t position = written_++;
      if (faults_.cut_at && position >= *faults_.cut_at) continue;
      bytes_ += faults_.corrupt_at == position ? static_cast<char>(c ^ (1 << (position % 8))) : c;
    }
    return taken;
  }
  std::string read(std::size_t count) {
    std::string piece = bytes_.substr(0, count);
    bytes_.erase(0, count);
    return piece;
  }

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  /// Something of it was lost, and nobody knows yet.
  [[nodiscard]] bool cut() const { return faults_.cut_at && written_ > *faults_.cut_at; }
  /// The writer has no more; what is on its way still arrives.
  void close() { closed_ = true; }
  /// Nothing arrives any more, and both ends know it.
  void break_off() {
    broken_ = true;
    closed_ = true;
    bytes_.clear();
  }
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool at_end() const { return closed_ && bytes_.empty(); }

 private:
  std::size_t capacity_;
  Faults faults_;
  std::string bytes_;
  std::uint64_t written_ = 0;
  bool closed_ = false;
  bool broken_ = false;
};

}  // namespace stapsh::sim
