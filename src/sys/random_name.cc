// SPDX-License-Identifier: Apache-2.0
#include "sys/random_name.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <span>
#include <string_view>

#include "base/assert.h"

namespace stapsh::sys {

Result<std::string> random_name(std::size_t characters) {
  static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::array<unsigned char, 256> random{};  // Up to here getrandom() gives all or nothing.
  STAPSH_ASSERT(characters <= random.size());
  if (::getrandom(random.data(), characters, 0) != static_cast<ssize_t>(characters)) {
    return fail_errno("cannot get random bytes", errno);
  }
  std::string name;
  for (const unsigned char byte : std::span(random).first(characters)) name += kAlphabet[byte % kAlphabet.size()];
  return name;
}

}  // namespace stapsh::sys
