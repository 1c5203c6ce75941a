// SPDX-License-Identifier: Apache-2.0
// A run as text: output merged, notes and the summary on standard error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/events/event.h"
#include "client/events/run_result.h"
#include "client/options/rstap_options.h"
#include "client/output/merge.h"
#include "client/output/standard_streams.h"

namespace stapsh::client {

class TextSink : public EventSink {
 public:
  /// `streams` are lent.
  TextSink(const OutputOptions& options, StandardStreams& streams) : options_(options), streams_(streams) {}

  void on_event(const Event& event) override;

 private:
  void on_note(const event::Note& note, const std::string* target);
  void say(std::string_view prefix, std::string_view line);
  void summarize();

  OutputOptions options_;
  StandardStreams& streams_;
  std::optional<Merger> merger_;  // From the first event on.
  std::vector<TargetResult> results_;
};

}  // namespace stapsh::client
