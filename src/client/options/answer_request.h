// SPDX-License-Identifier: Apache-2.0
// What is wanted of the measurements of all targets together.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace stapsh::client {

struct AnswerRequest {
  bool sum = false;                               ///< One answer instead of one for each target.
  bool by_host = false;                           ///< And a row for each target.
  bool exact_avg = false;                         ///< bpftrace's avg() runs as stats(), which can be added up.
  std::optional<unsigned> top;                    ///< Of each map only so many keys; none: all.
  std::optional<std::chrono::milliseconds> live;  ///< A view that is drawn again so often.
  std::string report_file;                        ///< An HTML page; empty: none.
  std::string folded_file;                        ///< Stacks, for flame graphs; empty: none.
  std::string metrics_file;                       ///< For Prometheus; empty: none.

  /// Whether runners must say what they measured so that a program can read it.
  [[nodiscard]] bool wanted() const {
    return sum || by_host || exact_avg || top || live || !report_file.empty() || !folded_file.empty() ||
           !metrics_file.empty();
  }
};

}  // namespace stapsh::client
