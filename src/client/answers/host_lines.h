// SPDX-License-Identifier: Apache-2.0
// Bytes of one host, in any split, to lines. What belongs to a line that is too long is passed over.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stapsh::client {

class HostLines {
 public:
  /// Calls `take(line)`, without its newline, for each line that ends in `bytes`, and `refuse()` once for each that has
  /// more than `bytes_max` bytes.
  template <typename Take, typename Refuse>
  void read(std::string_view bytes, std::size_t bytes_max, const Take& take, const Refuse& refuse) {
    for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      const std::string_view piece = bytes.substr(0, end);
      bytes.remove_prefix(end + 1);
      if (passing_over_) {
        passing_over_ = false;
      } else if (begun_.size() + piece.size() > bytes_max) {
        refuse();
      } else if (begun_.empty()) {
        take(piece);
      } else {
        begun_.append(piece);
        take(std::string_view(begun_));
      }
      begun_.clear();
    }
    if (passing_over_ || bytes.empty()) return;
    if (begun_.size() + bytes.size() <= bytes_max) return void(begun_.append(bytes));
    passing_over_ = true;
    begun_ = std::string();
    refuse();
  }

  /// What was read of a line, and the rest of it, goes: read() was left in its middle, and with it what it was given.
  void pass_over() {
    begun_ = std::string();
    passing_over_ = true;
  }

  /// The line that has no end; nothing comes after it.
  std::string take_rest() { return std::move(begun_); }

 private:
  std::string begun_;
  bool passing_over_ = false;
};

}  // namespace stapsh::client
