// SPDX-License-Identifier: Apache-2.0
// What is to be written to standard output and standard error, before anybody writes it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/byte_buffer.h"
#include "protocol/agent_line.h"

namespace stapsh::client {

/// It knows whether a target's colour is on where it goes: else lines of others might be hidden by it.
class OutputBuffer : public ByteBuffer {
 public:
  static constexpr std::string_view kEndColour = "\033[0m";

  /// Somebody else's line follows: a line that is not finished ends, and its colour.
  void begin_line() {
    end_colour();
    if (!at_line_start()) append("\n");
  }
  /// What was appended last has turned one on, or off.
  void set_coloured(bool coloured) { coloured_ = coloured; }
  void end_colour() {
    if (std::exchange(coloured_, false)) append(kEndColour);
  }
  [[nodiscard]] bool coloured() const { return coloured_; }

 private:
  bool coloured_ = false;
};

/// One for each stream, or one for both: where they end in the same file or terminal, only one buffer keeps the order,
/// and lines whole.
class OutputBuffers {
 public:
  OutputBuffer& of(Stream stream) { return buffers_[index(stream)]; }
  [[nodiscard]] const OutputBuffer& of(Stream stream) const { return buffers_[index(stream)]; }
  /// From the start on, or never.
  void share() { shared_ = true; }
  [[nodiscard]] bool shared() const { return shared_; }
  /// Bytes in both that nobody has taken yet.
  [[nodiscard]] std::size_t pending_bytes() const { return buffers_[0].size() + buffers_[1].size(); }

 private:
  [[nodiscard]] std::size_t index(Stream stream) const { return shared_ ? 0 : static_cast<std::size_t>(stream); }

  std::array<OutputBuffer, 2> buffers_;
  bool shared_ = false;
};

}  // namespace stapsh::client
