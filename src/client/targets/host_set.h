// SPDX-License-Identifier: Apache-2.0
// Sets of hosts in the spelling of clush and pdsh: web[01-40,50].example, rack[1-4]n[1-9], a,b[1-2]. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::client {

/// No set names more hosts than this.
inline constexpr std::size_t kHostSetMax = 100'000;

/// The hosts of `text` in the order written, the last bracket running fastest; text without a set gives itself. Zero
/// padding is kept: [08-10] is 08, 09, 10. [1-9/4] is every fourth: 1, 5, 9. A bracket with a ':' in it is an IPv6
/// address, not a set. kUsage names the text and the column.
Result<std::vector<std::string>> expand_host_set(std::string_view text);

}  // namespace stapsh::client
