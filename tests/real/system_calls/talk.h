// SPDX-License-Identifier: Apache-2.0
// What the talking runner writes, for it and for who checks that all of it arrived: byte I of a stream follows from I.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace stapsh::calls {

constexpr std::size_t kLineBytes = 64;

constexpr char talk_byte(std::size_t at) {
  if (at % kLineBytes == kLineBytes - 1) return '\n';
  return static_cast<char>('a' + (at / kLineBytes + at) % 26);
}

/// Standard error's: other letters, so that a mix shows.
constexpr char complaint_byte(std::size_t at) {
  const char c = talk_byte(at);
  return c == '\n' ? c : static_cast<char>(c - 'a' + 'A');
}

/// The runner's account of itself: a file that it maps, so that it is true even if the runner is killed.
struct TalkLog {
  std::atomic<std::uint64_t> out{0}, err{0};  ///< Bytes that its writes have taken.
  std::atomic<std::uint32_t> started{0};
  std::atomic<std::uint32_t> ended{0};  ///< It came to its end by itself.
};

}  // namespace stapsh::calls
