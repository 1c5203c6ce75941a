// SPDX-License-Identifier: Apache-2.0
// What hosts print while a program runs on them, read and put together: text as without --sum, snapshots of maps when
// all hosts have printed them, at the end one answer for each map. Pure: bytes and events in, items out; time is an
// argument. bpftrace is read in its JSON mode; of systemtap's text the lines of our tapset and
// the histograms, each of which is a map called as the line before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "client/answers/answer.h"
#include "client/answers/answer_options.h"
#include "client/answers/program_maps.h"

namespace stapsh::client {

/// Of printf and others: goes where the host's standard output would. Not whole lines.
struct AnswerText {
  std::size_t target = 0;
  std::string bytes;
  bool operator==(const AnswerText&) const = default;
};
/// What a person should know of one host, a line.
struct AnswerNotice {
  std::size_t target = 0;
  std::string text;
  std::uint64_t lost_events = 0;  ///< Of which no notice before it told.
  bool operator==(const AnswerNotice&) const = default;
};
using AnswerItem = std::variant<AnswerText, AnswerNotice, Answer>;

class AnswerBook {
 public:
  /// Of `bpftrace -f json`.
  AnswerBook(const ProgramMaps& program, std::size_t targets, const AnswerOptions& options = {});
  struct Systemtap {};
  AnswerBook(Systemtap systemtap, std::size_t targets, const AnswerOptions& options = {});
  ~AnswerBook();
  AnswerBook(const AnswerBook&) = delete;
  AnswerBook& operator=(const AnswerBook&) = delete;

  // In. Times never go back: an earlier one counts as the latest. A target that has ended says nothing more.
  /// Its runner runs. Its first output says so as well.
  void on_started(std::size_t target, WallTime now);
  /// It is known whether its runner prints its maps when it is asked. Else its output tells of some that don't.
  void on_asking_known(std::size_t target, bool prints);
  /// Standard output of the runner, in any split.
  void on_output(std::size_t target, std::string_view bytes, WallTime now);
  /// on_output() of it threw, in its middle: until a map of it is printed again, what it says of that is not its last.
  void on_fault(std::size_t target);
  /// `problem`: why its values may not be whole ("failed: …", "lost"); empty: it ended well.
  void on_ended(std::size_t target, std::string_view problem, WallTime now);
  /// All were asked to stop: what they print of maps from now on is final.
  void on_stop(WallTime now);
  void on_time(WallTime now);
  /// Nothing more comes: gives out the last values. So does the end of the last target.
  void on_run_ended(WallTime now);
  /// Runners of different versions take part, which spell keys differently. At any time.
  void match_keys_loosely();

  // Out. In order; drain after every input.
  std::optional<AnswerItem> next();
  /// The map whose last values next() gave out, or failed at, last; empty: it is not so far.
  [[nodiscard]] std::string_view being_made() const;
  /// Each map as hosts said it last, as far as it was said.
  [[nodiscard]] std::vector<Answer> latest() const;
  /// It runs, and a signal that asks it to print its maps does not end it: its probes are attached. Those that
  /// are known not to print then are not asked; with AnswerOptions::live a notice says so.
  [[nodiscard]] bool can_be_asked(std::size_t target) const;
  /// Any map.
  [[nodiscard]] bool has_printed(std::size_t target) const;
  /// When on_time() is wanted.
  [[nodiscard]] std::optional<WallTime> next_deadline() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace stapsh::client
