// SPDX-License-Identifier: Apache-2.0
#include "agent/outbox.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "sys/io.h"

namespace stapsh::agent {

void Outbox::add(std::string_view bytes) {
  if (abandoned_) return;
  (frame_ ? after_ : text_).append(bytes);
}

void Outbox::add_frame(std::string_view header, std::string_view bytes) {
  add(header);
  add(bytes);
  carries_output_ = !abandoned_;
}

void Outbox::add_frame(std::string_view header, int pipe, std::size_t bytes) {
  STAPSH_ASSERT(can_take_frame());
  if (abandoned_) return;
  text_.append(header);
  frame_ = Frame{pipe, bytes};
  carries_output_ = true;
}

void Outbox::abandon() {
  *this = Outbox(fd_);
  abandoned_ = true;
}

Result<Outbox::Flushed> Outbox::flush() {
  Flushed flushed;
  while (!empty()) {
    if (sent_ < text_.size()) {
      const sys::IoResult wrote = TRY(sys::write_some(fd_, std::string_view(text_).substr(sent_), frame_.has_value()));
      sent_ += wrote.bytes;
      flushed.bytes += wrote.bytes;
      flushed.would_block = wrote.would_block;
    } else {
      const Flushed moved = TRY(flush_frame());
      flushed.bytes += moved.bytes;
      flushed.would_block = moved.would_block;
    }
    if (sent_ == text_.size() && !frame_) {
      text_.clear();
      sent_ = 0;
      text_.swap(after_);
    }
    if (flushed.would_block) break;
  }
  flushed.output = carries_output_ && flushed.bytes > 0;
  if (empty()) carries_output_ = false;
  return flushed;
}

Result<Outbox::Flushed> Outbox::flush_frame() {
  if (can_splice_) {
    const sys::SpliceResult moved = TRY(sys::splice_some(frame_->pipe, fd_, frame_->bytes_left));
    if (!moved.unsupported) {
      STAPSH_ASSERT(!moved.end);  // The bytes are in the pipe; nobody else reads it.
      frame_->bytes_left -= moved.bytes;
      if (frame_->bytes_left == 0) frame_.reset();
      return Flushed{.bytes = moved.bytes, .would_block = moved.would_block};
    }
    can_splice_ = false;  // A tty, a file opened to append.
  }
  // As text: all of it is read before the next byte goes out, so an error between the two can lose nothing.
  std::array<char, 65'536> buffer;
  text_.clear();
  sent_ = 0;
  const std::size_t want = std::min(buffer.size(), frame_->bytes_left);
  const sys::IoResult got = TRY(sys::read_some(frame_->pipe, std::span(buffer).first(want)));
  STAPSH_ASSERT(got.bytes > 0);
  text_.append(buffer.data(), got.bytes);
  frame_->bytes_left -= got.bytes;
  if (frame_->bytes_left == 0) frame_.reset();
  return Flushed{};
}

}  // namespace stapsh::agent
