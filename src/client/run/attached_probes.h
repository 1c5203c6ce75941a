// SPDX-License-Identifier: Apache-2.0
// How many probes a bpftrace attached, as it says it in JSON, once, before all that it measures. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stapsh::client {

class AttachedProbes {
 public:
  /// More of its standard output. The number, once: when the line that says it is whole.
  std::optional<unsigned> on_output(std::string_view bytes);

 private:
  std::string begun_;  // A line that is not whole yet.
  bool over_ = false;
};

}  // namespace stapsh::client
