// SPDX-License-Identifier: Apache-2.0
// What sha256sum(1) prints, as the digests in it. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "policy/policy.h"

namespace stapsh::policy {

/// A line each: 64 hexadecimal digits, a blank, a blank or `*`, a name; a name with odd characters has a `\` before the
/// digits. Empty lines, and those that begin with `#`, say nothing. kUsage names the line and column of all else.
Result<Digests> parse_digest_list(std::string_view text);

}  // namespace stapsh::policy
