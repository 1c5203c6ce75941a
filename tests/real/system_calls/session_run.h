// SPDX-License-Identifier: Apache-2.0
// One full session with one thing gone wrong in it, and what there is to say against its end.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scratch.h"
#include "tracer.h"

namespace stapsh::calls {

enum class Scenario {
  kLocal,     ///< rstap, stapsh:, frames and all options; ctrl-C, end probe.
  kUnix,      ///< The same over the socket of an agent that listens.
  kRfc,       ///< stapsh:, the dialect of 2011: no frames, no replies; ctrl-C, end probe.
  kReleased,  ///< An agent alone, spoken to as released clients do: no frames; the runner ends with 3.
  kKeeping,   ///< The same, and the module is verified, kept, and taken again.
  kOrphaned,  ///< As kLocal, but the agent is killed: the guardian ends the session, and the client asks again.
};
constexpr std::size_t kScenarios = 6;
std::string_view name_of(Scenario scenario);
/// Whose calls are swept there.
std::vector<Role> subjects_of(Scenario scenario);

struct SessionResult {
  std::vector<std::string> faults;  ///< Empty: all is well.
  bool leak = false;                ///< One of them is that something was left.
  bool swept = false;               ///< Something was left to the next agent's sweep, which removed it.
  bool injected = false;
  int exit_code = -1;
  long milliseconds = 0;
  std::vector<Call> calls;  ///< The subject's.
};

/// The place of one worker: a mount and a pid namespace, its folder, the talking runner where staprun is.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  SessionResult run(Scenario scenario, Role subject, const std::optional<Injection>& injection);
  /// Parts of the last run: what was said, for a person who looks at a failure.
  const std::string& transcript() const { return transcript_; }

 private:
  real::Scratch scratch_;
  std::string transcript_;
};

}  // namespace stapsh::calls
