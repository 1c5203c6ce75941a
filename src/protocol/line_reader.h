// SPDX-License-Identifier: Apache-2.0
// Bytes in any split to lines. Memory is bounded by the limit; a line that came whole is not copied.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stapsh {

class LineReader {
 public:
  explicit LineReader(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  enum class Status { kLine, kNeedMore, kTooLong };
  struct Taken {
    Status status;
    std::size_t bytes;             ///< How many of the bytes offered are used up.
    std::string_view line;         ///< For kLine: without "\n" or "\r\n". Valid until the next take().
    bool carriage_return = false;  ///< It ended with "\r\n".
  };

  /// Takes bytes up to the end of the next line. After kTooLong nothing more can be read: where the
  /// next line begins is not known, and its tail must not be taken for one.
  Taken take(std::string_view bytes);

  /// Bytes of a line that has not ended yet.
  [[nodiscard]] std::string_view partial() const { return line_done_ ? std::string_view() : buffer_; }

 private:
  std::size_t line_bytes_max_;
  std::string buffer_;
  bool line_done_ = false;  // buffer_ holds a line that was handed out.
};

}  // namespace stapsh
