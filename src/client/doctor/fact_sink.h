// SPDX-License-Identifier: Apache-2.0
// Keeps of a dry run's events what is known of each target.
#pragma once

#include <string>
#include <vector>

#include "client/doctor/facts.h"
#include "client/events/event.h"

namespace stapsh::client {

class FactSink : public EventSink {
 public:
  void on_event(const Event& event) override;

  [[nodiscard]] const std::vector<TargetFacts>& targets() const { return targets_; }
  /// What is to be told beside the answers: warnings, and what stap says of a build.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  void note(const Event& event, const event::Note& note);

  std::vector<TargetFacts> targets_;
  std::vector<std::string> notes_;
};

}  // namespace stapsh::client
