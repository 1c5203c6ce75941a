// SPDX-License-Identifier: Apache-2.0
// Many targets' bytes in, one ordered output out: lines of two targets never mix within a line. Pure: the caller
// writes the two buffers wherever it likes. Any split of a target's bytes gives the same output for that target.
//
// Where a person may wait for it (a prompt, a row of dots), what is there of a line is shown after a short pause, and
// what follows goes behind it at once. If somebody else speaks meanwhile, the line ends there, and its rest begins one
// with the label again.
//
// Where lines are merged, nobody has the screen for himself: where a target clears it, as top does, a line with its
// name stands instead.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/time.h"
#include "client/options/rstap_options.h"
#include "client/output/only_target.h"
#include "client/output/output_buffer.h"
#include "client/output/screen_starts.h"
#include "client/output/terminal_text.h"
#include "protocol/agent_line.h"

namespace stapsh::client {

struct MergeOptions {
  LabelMode labels = LabelMode::kNone;
  std::vector<std::string> target_names;        ///< One for each target, safe to show: shown_names().
  std::array<bool, 2> on_terminal{};            ///< By Stream: what a terminal would obey is spelled, not sent.
  std::array<bool, 2> coloured{};               ///< By Stream: labels have a colour.
  std::array<bool, 2> shows_unfinished{};       ///< By Stream: what is there of a line is shown after a pause.
  bool obeys_clears = false;                    ///< A target that begins a new screen gets it: see ScreenStarts.
  bool whole_lines = false;                     ///< Also of a single target without a label.
  std::size_t held_line_bytes_max = 1'048'576;  ///< A longer line is broken, with a newline, after so many bytes.
};

class Merger {
 public:
  /// How long an unfinished line of one of several targets waits for its end,
  static constexpr WallTime kPause = std::chrono::milliseconds(200);
  /// and one of the only target: nobody sees that, and a flood is not written in small pieces.
  static constexpr WallTime kOnlyPause = std::chrono::milliseconds(10);

  /// `buffers` are lent.
  Merger(MergeOptions options, OutputBuffers& buffers);

  /// What a target said. Whole lines go to the output at once; the rest of a line is held.
  void on_output(std::size_t target, Stream stream, std::string_view bytes, WallTime now = {});
  /// The target will say no more: an unfinished line is completed with a newline.
  void on_target_end(std::size_t target);
  /// Whether a line has begun and not ended.
  [[nodiscard]] bool holds_line(std::size_t target, Stream stream) { return !source(target, stream).held.empty(); }

  /// It is `now`: unfinished lines that have waited long enough are shown.
  void release(WallTime now);
  /// When release() may have something to do.
  [[nodiscard]] std::optional<WallTime> next_release() const;

 private:
  struct Source {
    std::string label;
    bool labelled = false;  ///< Every line is; else only one that would look like a line of somebody else.
    std::string held;       ///< The beginning of an unfinished line, or what follows what is shown of it.
    ScreenStarts screens;
    bool begun = false;             ///< Some of the line is shown.
    TerminalText text;              ///< Of a line that is begun, on a terminal.
    std::optional<WallTime> due;    ///< When what is held is shown, if the line has not ended by then.
    std::optional<WallTime> wakes;  ///< Its time in wakes_: not after that.
    void forget_held() {
      held.clear();
      due.reset();
    }
  };

  Source& source(std::size_t target, Stream stream);
  OnlyTarget& only(Stream stream) { return only_[buffers_.shared() ? 0 : static_cast<std::size_t>(stream)]; }
  bool on_terminal(Stream stream) const { return on_terminal_[static_cast<std::size_t>(stream)]; }
  void on_text(Stream stream, Source& source, std::string_view bytes, WallTime now);
  void begin_screen(Stream stream, Source& source);
  void end_line(Stream stream, Source& source);
  Stream stream_of(const Source& source) const { return static_cast<Stream>((&source - sources_.data()) % 2); }
  const Source*& shown_last(Stream stream) {
    return shown_last_[buffers_.shared() ? 0 : static_cast<std::size_t>(stream)];
  }
  bool is_open(const Source& source);
  void append_part(Source& source, std::string_view bytes);
  void await_end(Source& source, WallTime now);
  void emit_line(Stream stream, Source& source, std::string_view line, std::string_view rest = {});
  void emit_terminal_line(OutputBuffer& out, const Source& source, std::string_view line) const;
  bool looks_foreign(std::string_view line) const;
  std::string_view emit_terminal_lines(OutputBuffer& out, const Source& source, std::string_view bytes) const;
  /// Appends the whole lines of `bytes`; returns what is left: the beginning of a line of at most the bound.
  std::string_view emit_whole_lines(OutputBuffer& out, std::string_view label, std::string_view bytes);
  std::string_view finish_held_line(Stream stream, Source& source, std::string_view bytes);

  bool pass_through_;
  bool obeys_clears_;
  std::array<bool, 2> shows_unfinished_;
  std::array<bool, 2> on_terminal_;
  std::array<OnlyTarget, 2> only_;  ///< Of pass_through_, on terminals: one for each buffer.
  std::size_t held_line_bytes_max_;
  std::unordered_set<std::string> names_;  ///< As they are seen. Where lines without a label are sent to a terminal.
  std::size_t name_bytes_max_ = 0;
  std::vector<std::string> target_names_;
  std::vector<Source> sources_;                       ///< Two for each target.
  std::array<const Source*, 2> shown_last_{};         ///< Of each buffer: whose line was left unfinished in it.
  std::set<std::pair<WallTime, std::size_t>> wakes_;  ///< Of sources that hold something. Where that is shown.
  OutputBuffers& buffers_;
};

}  // namespace stapsh::client
