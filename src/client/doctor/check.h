// SPDX-License-Identifier: Apache-2.0
// One answer of `rstap doctor`: what was looked at, what was found, and what mends it. Values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stapsh::client {

struct Check {
  enum class State {
    kOk,
    kWarning,  ///< Some runs would not work, or not as well; this one may.
    kFailure,  ///< This run would not work.
    kUnknown,  ///< Nobody could say.
  };
  std::string_view name;  ///< "way in", "agent", "runner", …: a row of the table.
  State state = State::kOk;
  std::string text;  ///< What was found. Equal answers of several targets are told once, by this.
  /// A command, behind the word that says where it is to be given: "there: apt-get install bpftrace". kHostWord in it
  /// stands for the words with which ssh reaches the target. Empty: nothing is to be mended.
  std::string mend{};
  bool is_here = false;  ///< About this machine, not the target.
  bool operator==(const Check&) const = default;
};

inline constexpr std::string_view kHostWord = "{host}";

struct TargetVerdict {
  std::string name, uri;
  std::string ssh_words;  ///< For kHostWord: "-p 2222 root@web01"; empty: ssh does not reach it.
  std::vector<Check> checks;

  [[nodiscard]] bool works() const {
    for (const Check& check : checks) {
      if (check.state == Check::State::kFailure) return false;
    }
    return true;
  }
};

/// "ok", "warning", "failure", "unknown".
std::string_view state_word(Check::State state);
/// `mend`, for this target.
std::string mend_for(const Check& check, std::string_view host);

}  // namespace stapsh::client
