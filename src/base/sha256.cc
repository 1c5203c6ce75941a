// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <algorithm>

namespace stapsh {

void Sha256::update(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  std::size_t held = bytes_total_ % kSha256BlockBytes;
  bytes_total_ += left;
  while (left > 0) {
    if (held == 0 && left >= kSha256BlockBytes) {
      const std::size_t whole = left / kSha256BlockBytes;
      sha256_blocks(state_, at, whole);
      at += whole * kSha256BlockBytes;
      left -= whole * kSha256BlockBytes;
      continue;
    }
    const std::size_t taken = std::min(left, kSha256BlockBytes - held);
    std::copy_n(at, taken, block_.begin() + static_cast<std::ptrdiff_t>(held));
    at += taken;
    left -= taken;
    held += taken;
    if (held < kSha256BlockBytes) return;
    sha256_blocks(state_, block_.data(), 1);
    held = 0;
  }
}

std::string Sha256::finish() {
  const std::uint64_t bits = bytes_total_ * 8;
  std::string padding(1, '\x80');
  while ((bytes_total_ + padding.size()) % kSha256BlockBytes != kSha256BlockBytes - 8) padding += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) padding += static_cast<char>(bits >> shift & 0xff);
  update(padding);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint32_t word : state_) {
    for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[word >> shift & 0xf];
  }
  return text;
}

}  // namespace stapsh
