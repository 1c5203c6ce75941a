// SPDX-License-Identifier: Apache-2.0
// Many targets' bytes in, one ordered output out: lines of two targets never mix within a line. Pure: the caller
// writes the two buffers wherever it likes. Any split of a target's bytes gives the same output for that target.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/agent_line.h"

namespace stapsh::client {

/// Bytes waiting to be written: appended at the end, taken from the front. Reuses its memory.
class OutputBuffer {
 public:
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  /// The first `size` bytes were written.
  void consume(std::size_t size);
  void append(std::string_view bytes);

  /// At least `size` writable bytes; commit() says how many were written there.
  char* reserve(std::size_t size);
  void commit(std::size_t size) { end_ += size; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

enum class LabelMode {
  kNone,   ///< One target: bytes pass through untouched. Several: whole lines, no label.
  kIndex,  ///< --remote-prefix, as stap prints it: "N: " on standard output, nothing on standard error.
  kName,   ///< --label: "NAME: " on both.
};

struct MergeOptions {
  LabelMode labels = LabelMode::kNone;
  std::vector<std::string> target_names;        ///< One for each target; their number is the number of targets.
  std::size_t held_line_bytes_max = 1'048'576;  ///< A longer line is broken, with a newline, after so many bytes.
};

class Merger {
 public:
  explicit Merger(MergeOptions options);

  /// What a target said. Whole lines go to the output at once; the rest of a line is held.
  void on_output(std::size_t target, Stream stream, std::string_view bytes);
  /// The target will say no more: an unfinished line is completed with a newline.
  void on_target_end(std::size_t target);

  OutputBuffer& output(Stream stream) { return outputs_[static_cast<std::size_t>(stream)]; }
  /// Bytes in both buffers that the caller has not yet taken.
  std::size_t pending_bytes() const { return outputs_[0].size() + outputs_[1].size(); }

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
  OutputBuffer outputs_[2];
};

}  // namespace stapsh::client
