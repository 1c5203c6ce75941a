// SPDX-License-Identifier: Apache-2.0
// Many targets' bytes in, one ordered output out: lines of two targets never mix within a line. Pure: the caller
// writes the two buffers wherever it likes. Any split of a target's bytes gives the same output for that target.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "client/options/rstap_options.h"
#include "client/output/output_buffer.h"
#include "protocol/agent_line.h"

namespace stapsh::client {

struct MergeOptions {
  LabelMode labels = LabelMode::kNone;
  std::vector<std::string> target_names;        ///< One for each target; their number is the number of targets.
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

 private:
  struct Source {
    std::string label;
    std::string held;  ///< The beginning of an unfinished line.
  };

  Source& source(std::size_t target, Stream stream);
  void emit_line(OutputBuffer& out, std::string_view label, std::string_view line);
  /// Appends the whole lines of `bytes`; returns what is left: the beginning of a line of at most the bound.
  std::string_view emit_whole_lines(OutputBuffer& out, std::string_view label, std::string_view bytes);
  std::string_view finish_held_line(OutputBuffer& out, Source& source, std::string_view bytes);

  bool pass_through_;
  std::size_t held_line_bytes_max_;
  std::vector<Source> sources_;  ///< Two for each target.
  OutputBuffers& buffers_;
};

}  // namespace stapsh::client
