// SPDX-License-Identifier: Apache-2.0
// What SHA-256 does with whole blocks (FIPS 180-4, 6.2.2). See sha256.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace stapsh {

constexpr std::size_t kSha256BlockBytes = 64;
using Sha256State = std::array<std::uint32_t, 8>;

/// By the processor's own instructions where it has them.
void sha256_blocks(Sha256State& state, const unsigned char* bytes, std::size_t blocks);
/// On any.
void sha256_blocks_plainly(Sha256State& state, const unsigned char* bytes, std::size_t blocks);

}  // namespace stapsh
