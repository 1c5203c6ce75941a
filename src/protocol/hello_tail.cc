// SPDX-License-Identifier: Apache-2.0
#include "protocol/hello_tail.h"

#include <algorithm>

namespace stapsh {

std::optional<std::size_t> end_of_hello(std::string_view bytes, std::size_t at) {
  const std::size_t newline = bytes.find('\n', at);
  if (newline == std::string_view::npos || newline - at >= kHelloBytesMax) return std::nullopt;
  std::string_view line = bytes.substr(at, newline - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view version = line.substr(kHelloWord.size());
  const bool plausible = !version.empty() && version[0] >= '0' && version[0] <= '9' &&
                         version.find_first_not_of("0123456789.") == std::string_view::npos;
  if (!plausible) return std::nullopt;
  return newline + 1;
}

std::string_view hello_at_end(std::string_view bytes) {
  bytes.remove_prefix(bytes.size() - std::min(bytes.size(), kHelloBytesMax));
  const std::size_t at = bytes.rfind(kHelloWord);
  if (at == std::string_view::npos || end_of_hello(bytes, at) != bytes.size()) return {};
  return bytes.substr(at);
}

}  // namespace stapsh
