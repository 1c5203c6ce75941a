// SPDX-License-Identifier: Apache-2.0
#include "protocol/version.h"

#include <charconv>

namespace stapsh {

Version parse_version(std::string_view text) {
  Version version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc()) return Version{};
  if (major.ptr != end && *major.ptr == '.') (void)std::from_chars(major.ptr + 1, end, version.minor);
  return version;
}

}  // namespace stapsh
