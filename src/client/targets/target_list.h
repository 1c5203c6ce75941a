// SPDX-License-Identifier: Apache-2.0
// All --remote values, in order, as targets: host sets expanded, @FILE lists read.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/targets/remote_uri.h"

namespace stapsh::client {

/// @FILE lists may name others, at most this deep.
inline constexpr unsigned kTargetListDepthMax = 8;

struct Target {
  unsigned index = 0;  ///< From 0, in the order given: the N of --remote-prefix and of remote_id().
  std::string text;    ///< One address as written, after its set was expanded.
  RemoteUri uri;
  std::string name;  ///< For people: `text` less an ending ':', with "#N" (N as in `index`) where several are the same.
  bool operator==(const Target&) const = default;
};

/// Duplicates are kept, as stap keeps them. Lists hold one value per line, `#` comments and blank lines; a nested
/// @FILE is relative to the list that names it. Errors name the file and line.
Result<std::vector<Target>> list_targets(std::span<const std::string> remotes);

/// The addresses that one value stands for: sets are expanded in the host of ssh forms only (not in paths and
/// commands).
Result<std::vector<std::string>> expand_remote(std::string_view value);

}  // namespace stapsh::client
