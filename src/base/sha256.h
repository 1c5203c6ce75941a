// SPDX-License-Identifier: Apache-2.0
// SHA-256, as FIPS 180-4 has it. Of our own, since the agent has no library. For names of contents, not for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/sha256_blocks.h"

namespace stapsh {

inline constexpr std::size_t kSha256Digits = 64;  ///< Hexadecimal ones.

class Sha256 {
 public:
  void update(std::string_view bytes);
  /// 64 lower-case hexadecimal digits. Nothing may follow.
  std::string finish();

 private:
  Sha256State state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, kSha256BlockBytes> block_{};
  std::uint64_t bytes_total_ = 0;
};

/// Whether it is what Sha256::finish() returns for something: 64 lower-case hexadecimal digits.
inline bool is_sha256_hex(std::string_view text) {
  return text.size() == kSha256Digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The digest of `bytes`, in hexadecimal digits.
inline std::string sha256_hex(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

}  // namespace stapsh
