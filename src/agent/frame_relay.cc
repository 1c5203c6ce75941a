// SPDX-License-Identifier: Apache-2.0
#include "agent/frame_relay.h"

#include <sys/epoll.h>

#include <algorithm>
#include <span>

#include "agent/reply_reading.h"
#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

// A user has 64 MiB of pipes (pipe-user-pages-soft) for all their programs, ours among them.
constexpr std::size_t kRunnerPipeBytes = std::size_t{256} << 10;
// Up to here a frame is copied behind its header and leaves in one packet; above, splicing is cheaper.
constexpr std::size_t kCopiedFrameBytesMax = 8'192;
// To a client that wants its frames one by one: the least time before a frame that follows a small one, and how often
// we look whether it has read. (A unix socket also wakes us when it has.)
constexpr Duration kFramePause = std::chrono::milliseconds(10);
constexpr std::size_t kBigFrameBytes = 65'536;
// A flood that nobody takes must not keep the agent from hearing a signal.
constexpr int kDiscardsPerTurn = 16;
constexpr Duration kPollMin = std::chrono::milliseconds(1);
constexpr Duration kPollMax = std::chrono::milliseconds(50);

}  // namespace

Result<std::array<sys::UniqueFd, 2>> FrameRelay::open(const sys::Epoll& epoll, std::uint64_t stdout_id,
                                                      std::uint64_t stderr_id) {
  const std::array<std::uint64_t, 2> ids{stdout_id, stderr_id};
  std::array<sys::UniqueFd, 2> write_ends;
  for (std::size_t i = 0; i < pipes_.size(); ++i) {
    sys::Pipe made = TRY(sys::make_pipe({.nonblocking_read = true}));
    if (ids[i] == stdout_id) sys::grow_pipe(made.read_end.get(), kRunnerPipeBytes);
    pipes_[i].watch.reset();
    pipes_[i].read_end = std::move(made.read_end);
    pipes_[i].watch = TRY(epoll.add(pipes_[i].read_end.get(), EPOLLIN | EPOLLET, ids[i]));
    pipes_[i].at_end = false;
    write_ends[i] = std::move(made.write_end);
  }
  return write_ends;
}

// To a client that wants single frames it is as good as a small one.
void FrameRelay::note_reply() { next_frame_at_ = sys::now() + kRelayPause; }

void FrameRelay::look_again() {
  for (Pipe& each : pipes_) each.ready = !each.at_end;
  rate_ = {};
  ask_again_at_.reset();
}

bool FrameRelay::queue_frame(Manner manner) {
  if (!has_more() || !outbox_.empty()) return false;
  // The errors first: a flood on standard output does not hide them.
  for (const Stream stream : {Stream::kStderr, Stream::kStdout}) {
    if (!pipe(stream).ready) continue;
    const std::size_t waiting = sys::bytes_available(pipe(stream).read_end.get()).value_or(0);
    if (!may_follow(waiting, manner)) return false;
    const std::size_t granted = grant(waiting);
    if (waiting > 0 && granted == 0) return false;
    if (queue_from(stream, granted, manner)) return true;
  }
  return false;
}

std::size_t FrameRelay::grant(std::size_t waiting) {
  if (!rate_.limits()) return waiting;
  const std::size_t granted = rate_.grant(waiting, sys::now());
  if (waiting > 0 && granted == 0) ask_again_at_ = rate_.next();
  return granted;
}

// A released client handles one frame each time that it wakes. Behind a big one it can't have read past the header of
// the next, and what is left of that wakes it again: a big frame may follow at once.
bool FrameRelay::may_follow(std::size_t bytes, Manner manner) {
  if (manner.single && bytes >= kBigFrameBytes && last_was_big_) {
    ask_again_at_.reset();
    return true;
  }
  return reader_is_done(manner);
}

bool FrameRelay::queue_from(Stream stream, std::size_t waiting, Manner manner) {
  Pipe& from = pipe(stream);
  DataLine data{stream, 0, std::nullopt};
  if (manner.timed) data.time = sys::wall_now();
  const auto header = [&] { return manner.bare ? std::string() : format_agent_line(data); };
  if (waiting > kCopiedFrameBytesMax) {
    data.size = waiting;
    outbox_.add_frame(header(), from.read_end.get(), waiting);
  } else {
    std::array<char, kCopiedFrameBytesMax> buffer;
    const std::size_t most = rate_.limits() && waiting > 0 ? waiting : buffer.size();
    const Result<sys::IoResult> got = sys::read_some(from.read_end.get(), std::span(buffer).first(most));
    if (!got || got->end || got->would_block) {
      from.ready = false;
      from.at_end = !got || got->end;
      if (!got) error_ = got.error();
      return false;
    }
    data.size = got->bytes;
    outbox_.add_frame(header(), std::string_view(buffer.data(), got->bytes));
  }
  if (rate_.limits()) rate_.spend(data.size, sys::now());
  last_was_big_ = data.size >= kBigFrameBytes;
  if (manner.single && !last_was_big_) next_frame_at_ = sys::now() + kFramePause;
  return true;
}

// At `quit` a released client forgets what it has read and not handled. So it gets a small frame, or `quit`, when it
// has read the last frame.
bool FrameRelay::reader_is_done(Manner manner) {
  const TimePoint now = sys::now();
  if (!manner.single || (now >= next_frame_at_ && sys::bytes_unread(outbox_.fd()) == 0)) {
    ask_again_at_.reset();
    poll_ = kPollMin;
    return true;
  }
  if (!ask_again_at_ || now >= *ask_again_at_) {
    ask_again_at_ = std::max(next_frame_at_, now + poll_);
    poll_ = std::min(poll_ * 2, kPollMax);
  }
  return false;
}

bool FrameRelay::discard() {
  bool any = false;
  ask_again_at_.reset();
  std::array<char, 65'536> buffer;
  for (Pipe& from : pipes_) {
    for (int reads = 0; from.ready && reads < kDiscardsPerTurn; ++reads) {
      const Result<sys::IoResult> got = sys::read_some(from.read_end.get(), buffer);
      if (got && got->bytes > 0) {
        any = true;
        continue;
      }
      from.ready = false;
      from.at_end = !got || got->end;
    }
  }
  return any;
}

}  // namespace stapsh::agent
