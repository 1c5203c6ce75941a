// SPDX-License-Identifier: Apache-2.0
// Two texts compared line by line, as diff(1) compares them: it is installed everywhere, and where two texts have
// little in common it settles for a longer answer instead of taking for ever.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "client/async/asio_types.h"
#include "client/async/child_output.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class Differ {
 public:
  /// A text in a file, and what it is called above the differences.
  struct Text {
    std::string title;
    sys::UniqueFd file;
  };

  /// kUsage if there is no diff(1).
  static Result<Differ> create();

  /// Unified, with both titles above. kTimeout, or kLimit, where it would take too long, or until `is_stopped`, or be
  /// too long.
  Awaitable<Result<std::string>> compare(asio::io_context& io, const Text& from, const Text& to,
                                         GiveUp is_stopped) const;

 private:
  explicit Differ(std::string program) : program_(std::move(program)) {}

  std::string program_;
};

}  // namespace stapsh::client
