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
#include "client/output/repeated_errors.h"
#include "client/output/standard_streams.h"
#include "client/output/text_look.h"
#include "client/output/timed_lines.h"
#include "client/output/timed_sink.h"
#include "client/output/turns.h"

namespace stapsh::client {

class TextSink : public TimedSink {
 public:
  /// `streams` are lent.
  TextSink(const OutputOptions& options, const TextLook& look, StandardStreams& streams)
      : options_(options), look_(look), streams_(streams) {}

  void on_event(const Event& event) override;

  /// On standard output, as lines of their own: of rstap, and safe to show. After the first event.
  void show_lines(const std::vector<std::string>& lines);

  /// Of what waits for its turn (Turns), its time (--by-time: TimedLines), or the end of its line (Merger).
  [[nodiscard]] std::optional<WallTime> next_release() const override;
  void release(WallTime now) override;

 private:
  void release_at(WallTime now);
  void show_output(const Event& event);
  void end_output(const Event& event);
  void start(const event::RunStarted& run);
  OutputBuffer& begin_line(Stream stream);
  void on_note(const event::Note& note, const std::string* target);
  void say(std::string_view line);
  void say_foreign(std::string_view label, std::string_view text);
  void summarize();

  OutputOptions options_;
  TextLook look_;
  StandardStreams& streams_;
  std::optional<TimedLines> timed_;  // From the first event on, if it is wanted,
  std::optional<Turns> turns_;       // of several targets,
  std::optional<Merger> merger_;     // and this in any case.
  std::vector<TargetResult> results_;
  RepeatedErrors errors_;
};

}  // namespace stapsh::client
