// SPDX-License-Identifier: Apache-2.0
// What goes to the peer, in order: text, and at most one frame whose bytes are spliced from a
// runner's pipe without passing through us. Never waits.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stapsh::agent {

class Outbox {
 public:
  /// `fd` is lent; it must not block.
  explicit Outbox(int fd) : fd_(fd) {}

  /// Behind all that is queued.
  void add(std::string_view bytes);
  /// A frame: `header` and its bytes.
  void add_frame(std::string_view header, std::string_view bytes);
  /// A frame: `header`, then exactly `bytes` bytes that wait in `pipe` (lent). Only when can_take_frame().
  void add_frame(std::string_view header, int pipe, std::size_t bytes);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool can_take_frame() const { return !frame_; }
  [[nodiscard]] bool empty() const { return text_.size() == sent_ && !frame_; }
  /// Text that waits.
  [[nodiscard]] std::size_t text_bytes() const { return text_.size() - sent_ + after_.size(); }

  struct Flushed {
    std::size_t bytes = 0;     ///< Sent now.
    bool would_block = false;  ///< Flush again when `fd` is writable.
    bool output = false;       ///< Something of a frame was among them, not replies and pings alone.
  };
  /// Sends what goes. Errors: the peer is gone (EPIPE, ECONNRESET).
  Result<Flushed> flush();

  /// Forgets everything; nothing is sent from here on.
  void abandon();
  [[nodiscard]] bool abandoned() const { return abandoned_; }

 private:
  struct Frame {
    int pipe;
    std::size_t bytes_left;
  };
  Result<Flushed> flush_frame();

  int fd_;
  std::string text_;      // Before the frame.
  std::size_t sent_ = 0;  // Of text_.
  std::optional<Frame> frame_;
  std::string after_;            // Behind the frame.
  bool carries_output_ = false;  // Of a frame, something is not sent yet.
  bool can_splice_ = true;
  bool abandoned_ = false;
};

}  // namespace stapsh::agent
