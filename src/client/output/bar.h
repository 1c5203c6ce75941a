// SPDX-License-Identifier: Apache-2.0
// The bar beside a number. Pure.
#pragma once

#include <cstddef>
#include <string>

namespace stapsh::client {

/// As wide as bpftrace's.
inline constexpr std::size_t kBarColumns = 52;

/// `columns` wide: filled as `value` is beside `largest`.
inline std::string bar(double value, double largest, std::size_t columns) {
  const double share = largest > 0 && value > 0 ? value / largest : 0;
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(columns));
  std::string text(columns, ' ');
  text.replace(0, filled, filled, '@');
  return text;
}

}  // namespace stapsh::client
