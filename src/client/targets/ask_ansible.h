// SPDX-License-Identifier: Apache-2.0
// Targets of inventories: whatever ansible-inventory(1) can read, files, folders, scripts, plugins of clouds.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/targets/set_algebra.h"

namespace stapsh::client {

/// The hosts of all `inventories` together, in their order, that `limit` means; without it all. ansible-inventory has
/// two minutes. Errors name the inventories and repeat what it says.
Result<std::vector<NamedAddress>> ask_ansible(std::span<const std::string> inventories,
                                              const std::optional<std::string>& limit);

}  // namespace stapsh::client
