// SPDX-License-Identifier: Apache-2.0
// What JetStream answers, as far as it is of use here. Pure, but for the time.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace stapsh::client {

/// A stored file stays for an hour (docs/fleet.md): who begins to fetch it must find all of it.
inline constexpr auto kFreshFor = std::chrono::minutes(20);

struct StoredAnswer {
  bool is_understood = false;
  std::optional<int> error;        ///< Its "err_code".
  std::optional<WallTime> stored;  ///< When the message came that was asked for.

  /// There is no such stream; there is one, and no such message in it.
  [[nodiscard]] bool is_no_stream() const;
  [[nodiscard]] bool is_no_message() const;
  /// It will be there for as long as a run takes to begin.
  [[nodiscard]] bool is_fresh() const;
};

StoredAnswer parse_stored_answer(std::string_view json);

}  // namespace stapsh::client
