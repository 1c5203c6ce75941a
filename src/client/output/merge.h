// SPDX-License-Identifier: Apache-2.0
// Many targets' bytes in, one ordered output out: lines of two targets never mix within a line. Pure: the caller
// writes the two buffers wherever it likes. Any split of a target's bytes gives the same output for that target.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "client/options/rstap_options.h"
#include "client/output/only_target.h"
#include "client/output/output_buffer.h"
#include "protocol/agent_line.h"

namespace stapsh::client {

struct MergeOptions {
  LabelMode labels = LabelMode::kNone;
  std::vector<std::string> target_names;        ///< One for each target, safe to show: shown_names().
  std::array<bool, 2> on_terminal{};            ///< By Stream: what a terminal would obey is spelled, not sent.
  std::array<bool, 2> coloured{};               ///< By Stream: labels have a colour.
  bool whole_lines = false;                     ///< Also of a single target without a label.
  std::size_t held_line_bytes_max = 1'048'576;  ///< A longer line is broken, with a newline, after so many bytes.
};

class Merger {
 public:
  /// `buffers` are lent.
  Merger(MergeOptions options, OutputBuffers& buffers);

  /// What a target said. Whole lines go to the output at once; the rest of a line is held.
  void on_output(std::size_t target, Stream stream, std::string_view bytes);
  /// The target will say no more: an unfinished line is completed with a newline.
  void on_target_end(std::size_t target);
  /// Whether a line has begun and not ended.
  [[nodiscard]] bool holds_line(std::size_t target, Stream stream) { return !source(target, stream).held.empty(); }

 private:
  struct Source {
    std::string label;
    bool labelled = false;  ///< Every line is; else only one that would look like a line of somebody else.
    std::string held;       ///< The beginning of an unfinished line.
  };

  Source& source(std::size_t target, Stream stream);
  OnlyTarget& only(Stream stream) { return only_[buffers_.shared() ? 0 : static_cast<std::size_t>(stream)]; }
  bool on_terminal(Stream stream) const { return on_terminal_[static_cast<std::size_t>(stream)]; }
  void emit_line(Stream stream, const Source& source, std::string_view line, std::string_view rest = {});
  void emit_terminal_line(OutputBuffer& out, const Source& source, std::string_view line) const;
  bool looks_foreign(std::string_view line) const;
  std::string_view emit_terminal_lines(OutputBuffer& out, const Source& source, std::string_view bytes) const;
  /// Appends the whole lines of `bytes`; returns what is left: the beginning of a line of at most the bound.
  std::string_view emit_whole_lines(OutputBuffer& out, std::string_view label, std::string_view bytes);
  std::string_view finish_held_line(Stream stream, Source& source, std::string_view bytes);

  bool pass_through_;
  std::array<bool, 2> on_terminal_;
  std::array<OnlyTarget, 2> only_;  ///< Of pass_through_, on terminals: one for each buffer.
  std::size_t held_line_bytes_max_;
  std::unordered_set<std::string> names_;  ///< As they are seen. Where lines without a label are sent to a terminal.
  std::size_t name_bytes_max_ = 0;
  std::vector<std::string> target_names_;
  std::vector<Source> sources_;  ///< Two for each target.
  OutputBuffers& buffers_;
};

}  // namespace stapsh::client
