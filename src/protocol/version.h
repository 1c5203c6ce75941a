// SPDX-License-Identifier: Apache-2.0
// systemtap's release numbers, which drive what either end says.
#pragma once

#include <compare>
#include <string_view>

namespace stapsh {

/// The systemtap release whose protocol we speak. A constant: a hello must start no process.
inline constexpr std::string_view kSpokenVersion = "5.6";

/// What a side of the rfc dialect says: below 1.5 nobody expects replies.
inline constexpr std::string_view kRfcVersion = "1.4";

struct Version {
  unsigned major = 0;
  unsigned minor = 0;
  auto operator<=>(const Version&) const = default;
};

inline constexpr Version kFirstReleased{1, 5};    ///< Below it: the rfc dialect.
inline constexpr Version kFirstWithRename{1, 6};  ///< staprun takes -R.
inline constexpr Version kFirstWithRemote{1, 7};  ///< staprun takes -r IDX:URI.
inline constexpr Version kFirstWithOption{2, 4};  ///< The agent takes `option`.
/// A kernel module and staprun talk to each other otherwise than before, and neither takes the other's.
inline constexpr Version kFirstWithMarks{5, 0};
inline constexpr Version kFirstWithBpf{5, 1};  ///< The agent can start stapbpf, if it was built so.

/// "4.8", "5.1~pre2", "1.5/0.152", "v5.6", "release-5.0/0.190": the first number, and the one behind its point.
/// Text without a number is 0.0.
Version parse_version(std::string_view text);

}  // namespace stapsh
