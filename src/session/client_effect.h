// SPDX-License-Identifier: Apache-2.0
// What a ClientSession wants done. The shell performs effects in order.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "protocol/agent_line.h"
#include "protocol/found_runners.h"
#include "protocol/target_environment.h"

namespace stapsh {

/// How a target's session ended.
struct Outcome {
  enum class Kind {
    kEnded,    ///< The runner ran and ended.
    kStopped,  ///< Asked to stop before the runner started.
    kFailed,   ///< `reason` says why.
  };
  Kind kind = Kind::kFailed;
  std::optional<int> exit_code;  ///< Of the runner; unknown over a transport and an agent that carry none.
  std::string reason{};          ///< kFailed: why. kEnded: a remark, if there is one.
  /// What the agent found when it looked, at the end (`option proof`).
  enum class Remains {
    kUnknown,  ///< Nobody looked, an old agent, a connection that ended first; or it could not: `left` says why.
    kClean,
    kLeft,       ///< `left` says what.
    kUntouched,  ///< Nothing was sent there that could be left.
  };
  Remains remains = Remains::kUnknown;
  std::vector<LeftLine> left{};
  std::string killed{};         ///< How a stop took too long, where the runner was killed in it.
  bool has_output = false;      ///< Something came of the runner: where its exit code is unknown, a sign that it ran.
  std::optional<int> signal{};  ///< What ended the runner, where that is known: then exit_code is 128 + it.
  std::string kept{};           ///< An agent that was brought there and stays, as it was asked to: its path.
  std::string kept_modules{};   ///< Likewise, the folder of the modules that were sent.
};

/// To the agent.
struct SendBytes {
  std::string bytes;
  bool makes_file = false;  ///< The agent may make a file of what it has: there can be something left from now on.
};
/// The content of the upload's file `index`, whole.
struct SendFile {
  std::size_t index;
};
/// Nothing more will be sent; what is not sent yet is dropped.
struct CloseInput {};
/// Output of the runner; a view of the bytes last given to on_bytes().
struct Output {
  Stream stream;
  std::string_view bytes;
  std::optional<WallTime> time;
};
/// For a person who wants details: the agent's debug text, text before its hello.
struct Note {
  std::string text;
  bool is_theirs = false;  ///< Not our words: they are told as what somebody says.
};
/// What the agent's wall clock said (`option clock`), at some moment between those two of ours.
struct ClockReading {
  WallTime agent;
  TimePoint asked, answered;
};
/// The target is known and waits for its module: answer with on_module_ready().
struct Connected {
  HelloLine hello;
  std::optional<ClockReading> clock{};             ///< Of an agent that knows the option.
  std::optional<FoundRunners> runners{};           ///< Likewise.
  std::optional<TargetEnvironment> environment{};  ///< Likewise, where it was asked for.
  std::string kept{};                              ///< The folder where files stay there, as was asked for; or empty.
};
/// All files are there: answer with on_start(). Of a dry run: nothing speaks against a start; answer with on_stop().
struct Ready {};
/// The runner runs.
struct Started {};
/// It was told to stop, and this is what it is at.
struct Working {
  WorkingLine what;
};
/// Always the last effect.
struct Finished {
  Outcome outcome;
};

using ClientEffect =
    std::variant<SendBytes, SendFile, CloseInput, Output, Note, Connected, Ready, Started, Working, Finished>;

}  // namespace stapsh
