// SPDX-License-Identifier: Apache-2.0
// Numbers as most values of maps are, read at once and not digit by digit: how many digits come can't be foreseen, and
// each surprise costs a processor as much as the whole number.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace stapsh::client {

/// Of one to eight digits and nothing else, as JSON has them; none: it is to be read in another way. The seven bytes
/// before `digits` must be readable.
inline std::optional<std::int64_t> read_short_number(std::string_view digits) {
  if (digits.empty() || digits.size() > 8 || std::endian::native != std::endian::little) return std::nullopt;
  if (digits.front() == '0' && digits.size() > 1) return std::nullopt;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, digits.data() + digits.size() - 8, sizeof bytes);
  // What stands before them is nought; the last digit is the highest byte.
  std::uint64_t values = (bytes ^ 0x3030303030303030) & (UINT64_MAX << (8 * (8 - digits.size())));
  if (((values | (values + 0x7676767676767676)) & 0x8080808080808080) != 0) return std::nullopt;
  values = values * 10 + (values >> 8);  // Pairs of digits, in every other byte.
  constexpr std::uint64_t kEvery = 0x000000ff000000ff;
  const std::uint64_t one = (values & kEvery) * (100 + (UINT64_C(1000000) << 32));
  const std::uint64_t other = ((values >> 16) & kEvery) * (1 + (UINT64_C(10000) << 32));
  return static_cast<std::int64_t>((one + other) >> 32);
}

}  // namespace stapsh::client
