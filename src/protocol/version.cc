// SPDX-License-Identifier: Apache-2.0
#include "protocol/version.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace stapsh {

Version parse_version(std::string_view text) {
  Version version;
  const char* const end = text.data() + text.size();
  text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec == std::errc::result_out_of_range) return Version{std::numeric_limits<unsigned>::max()};
  if (major.ec != std::errc()) return Version{};
  if (major.ptr != end && *major.ptr == '.') (void)std::from_chars(major.ptr + 1, end, version.minor);
  return version;
}

}  // namespace stapsh
