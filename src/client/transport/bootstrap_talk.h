// SPDX-License-Identifier: Apache-2.0
// What is said with the first stage of --bootstrap, until an agent speaks: bytes in, effects out. Pure.
//
// The stage says lines that begin with `stapsh-stage`; what else comes is noise of the account's. Nothing is sent
// before it is ready.
//
//   stage: found PATH      an agent of ours is there, and speaks from now on
//   stage: ready MACHINE   there is none; MACHINE is as uname -m has it; once
//   rstap: MODE SIZE SHA256 TOKEN   MODE is keep or remove; TOKEN makes its folder's name unlike all others
//   stage: send FOLDER     it wants SIZE bytes, for that folder
//   stage: run PATH        it has them, or had them; the agent speaks from now on
//   stage: left PATH       it could not remove that; at most 16 times
//   stage: failed TEXT     it ends; but for what it said to be left nothing is
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace stapsh::client {

/// An agent's program.
struct AgentImage {
  std::shared_ptr<const std::string> content;
  std::string sha256;
};

/// Not the stage's: for whoever waits for an agent.
struct StageNoise {
  std::string text;
};
/// Answer by on_agent().
struct WantAgent {
  std::string machine;
};
/// From now on it makes files there.
struct SendToStage {
  std::string line;
};
struct SendAgent {
  std::shared_ptr<const std::string> content;
};
/// It could not remove this.
struct StageLeft {
  std::string path;
};
/// It ended, and but for what it said has left nothing.
struct StageFailed {
  std::string reason;
};
/// What follows is an agent's.
struct AgentStarts {
  std::string path;
  bool is_kept = false;  ///< It stays there, as it was asked to.
};
using StageEffect = std::variant<StageNoise, WantAgent, SendToStage, SendAgent, StageLeft, StageFailed, AgentStarts>;

class BootstrapTalk {
 public:
  /// `token`: letters and digits that nobody else uses.
  BootstrapTalk(bool keep, std::string token) : keep_(keep), token_(std::move(token)) {}

  /// Returns the rest of them that is the agent's; none before AgentStarts.
  std::string_view on_bytes(std::string_view bytes);
  void on_agent(AgentImage image);
  std::optional<StageEffect> next_effect();

  /// Whether its agent is being sent: that may take its time.
  [[nodiscard]] bool is_sending() const { return sending_; }
  [[nodiscard]] bool is_over() const { return over_; }

 private:
  bool take_line(std::string_view line);  // Whether the stage may say that now.
  void make_noise(std::string_view text);

  bool keep_;
  std::string token_;
  AgentImage image_;
  std::string line_;  // What may become a line of the stage's.
  std::deque<StageEffect> effects_;
  bool in_noise_ = false;  // The rest of this line is not.
  bool is_ready_ = false;
  unsigned left_ = 0;  // So many times it has said so.
  bool sending_ = false;
  bool over_ = false;
};

}  // namespace stapsh::client
