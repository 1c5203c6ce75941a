// SPDX-License-Identifier: Apache-2.0
// Values of --remote that stand together somewhere: in a file, a line each; or in a group.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace stapsh::client {

/// No list is larger than this: it is no list.
inline constexpr std::size_t kListBytesMax = std::size_t{64} << 20;

enum class ListKind {
  kTargets,  ///< Ours: `#` begins a comment.
  kDsh,      ///< pdsh's: `#include NAME` is a file beside it.
};

struct ValueList {
  struct Line {
    std::size_t number = 0;  ///< From 1; 0: where it is from has no lines.
    std::string value;
  };
  std::string source;  ///< As errors name it: a path, "group @web of the configuration".
  std::string folder;  ///< What files in it are relative to; empty: the current folder.
  ListKind kind = ListKind::kTargets;
  std::vector<Line> lines;
};

/// The list `text` of the file `path`: its lines less comments and blank ones. A byte order mark is skipped. kUsage
/// says what the file is where it is no text: UTF-16, NULs, bytes of another encoding.
Result<ValueList> parse_list(const std::string& path, std::string_view text, ListKind kind);

/// The same of a file. kUsage if it can't be read.
Result<ValueList> read_list(const std::string& path, ListKind kind);

}  // namespace stapsh::client
