// SPDX-License-Identifier: Apache-2.0
#include "client/answers/number.h"

#include <algorithm>

namespace stapsh::client {

std::string to_text(Number number) {
  if (number == 0) return "0";
  std::string digits;
  // Digit by digit from below: the smallest number has no positive counterpart.
  for (Number rest = number; rest != 0; rest /= 10) {
    const int digit = static_cast<int>(rest % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  if (number < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace stapsh::client
