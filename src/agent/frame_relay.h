// SPDX-License-Identifier: Apache-2.0
// The runner's output, in frames or as it is: from its two pipes to the outbox, while the peer takes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "agent/outbox.h"
#include "agent/output_rate.h"
#include "base/result.h"
#include "base/time.h"
#include "protocol/agent_line.h"
#include "sys/epoll_set.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {

class FrameRelay {
 public:
  /// Lent.
  explicit FrameRelay(Outbox& outbox) : outbox_(outbox) {}

  /// How the client wants its frames.
  struct Manner {
    bool timed = false;
    bool single = false;  ///< One by one: AgentSession::wants_single_frames().
    bool bare = false;    ///< Bytes without headers.
  };

  /// The write ends, standard output first. Events of the read ends come with these ids, edge-triggered.
  Result<std::array<sys::UniqueFd, 2>> open(const sys::Epoll& epoll, std::uint64_t stdout_id, std::uint64_t stderr_id);

  /// The most that goes in a second, of both streams together.
  void limit(std::uint64_t bytes_per_second) { rate_ = OutputRate(bytes_per_second); }
  void on_readable(Stream stream) { pipe(stream).ready = true; }
  /// The reply to `run` is going out, and is read apart from the first frame: see reply_reading.h.
  void note_reply();
  /// All who could write have ended: what they wrote is in the pipes, and its edges may lie behind us. So little goes
  /// at once, whatever the limit: a stop waits for it.
  void look_again();

  /// Queues a frame of what waits in a pipe, if the outbox is empty. False if it can't now.
  bool queue_frame(Manner manner);
  /// Throws away what waits, or in a flood a part of it: has_more() then. Nobody takes it any more, and a runner that
  /// waits for room could not end. Returns whether there was any.
  bool discard();

  /// Why a pipe of the runner could not be read: what was in it is lost.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  /// Whether queue_frame() may have something to do as soon as the outbox is empty.
  [[nodiscard]] bool has_more() const { return pipes_[0].ready || pipes_[1].ready; }
  /// Whether the client has read the last frame, if it wants them one by one.
  bool reader_is_done(Manner manner);
  /// When to ask again. None: reader_is_done() said yes.
  [[nodiscard]] std::optional<TimePoint> ask_again_at() const { return ask_again_at_; }

 private:
  struct Pipe {
    sys::UniqueFd read_end;
    sys::Watch watch;
    bool ready = false;  // A read may find something.
    bool at_end = true;
  };
  Pipe& pipe(Stream stream) { return pipes_[stream == Stream::kStdout ? 0 : 1]; }
  bool may_follow(std::size_t bytes, Manner manner);
  bool queue_from(Stream stream, std::size_t waiting, Manner manner);
  std::size_t grant(std::size_t waiting);

  Outbox& outbox_;
  std::array<Pipe, 2> pipes_;
  OutputRate rate_;
  std::optional<Error> error_;
  bool last_was_big_ = false;
  TimePoint next_frame_at_;
  Duration poll_{};
  std::optional<TimePoint> ask_again_at_;
};

}  // namespace stapsh::agent
