// SPDX-License-Identifier: Apache-2.0
// What is to be written to standard output and standard error, before anybody writes it.
#pragma once

#include <array>
#include <cstddef>

#include "base/byte_buffer.h"
#include "protocol/agent_line.h"

namespace stapsh::client {

using OutputBuffer = ByteBuffer;

/// One for each stream.
class OutputBuffers {
 public:
  OutputBuffer& of(Stream stream) { return buffers_[static_cast<std::size_t>(stream)]; }
  [[nodiscard]] const OutputBuffer& of(Stream stream) const { return buffers_[static_cast<std::size_t>(stream)]; }
  /// Bytes in both that nobody has taken yet.
  [[nodiscard]] std::size_t pending_bytes() const { return buffers_[0].size() + buffers_[1].size(); }

 private:
  std::array<OutputBuffer, 2> buffers_;
};

}  // namespace stapsh::client
