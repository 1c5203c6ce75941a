// SPDX-License-Identifier: Apache-2.0
#include "agent/reply_reading.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "sys/clock.h"
#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

using std::chrono::milliseconds;

// A pipe, or a socket: what a client may read from, and what we write to.
struct Stream {
  sys::UniqueFd read_end, write_end;
};

Stream make_stream(bool socket) {
  if (!socket) {
    sys::Pipe pipe = *sys::make_pipe();
    return {std::move(pipe.read_end), std::move(pipe.write_end)};
  }
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {sys::UniqueFd(fds[0]), sys::UniqueFd(fds[1])};
}

void write_ok(const Stream& stream) {
  ASSERT_TRUE(sys::write_all(stream.write_end.get(), "OK\n", std::chrono::seconds(1)));
}

void read_ok(const Stream& stream) {
  std::array<char, 100> buffer;
  ASSERT_EQ(sys::read_some(stream.read_end.get(), buffer)->bytes, 3U);
}

TEST(ReplyReading, LooksAgainSoonWhileTheReplyIsUnread) {
  for (const bool socket : {false, true}) {
    SCOPED_TRACE(socket);
    const Stream stream = make_stream(socket);
    write_ok(stream);
    const TimePoint start = sys::now();
    ReplyReading reading(stream.write_end.get(), start);
    EXPECT_EQ(reading.look(start), start + milliseconds(1));
    EXPECT_EQ(reading.look(start + milliseconds(100)), start + milliseconds(101));
    read_ok(stream);
    const TimePoint read = start + milliseconds(101);
    EXPECT_EQ(reading.look(read), read + kRelayPause);
    EXPECT_EQ(reading.look(read + kRelayPause - milliseconds(1)), read + kRelayPause);
    EXPECT_EQ(reading.look(read + kRelayPause), std::nullopt);
  }
}

TEST(ReplyReading, AClientThatDoesNotReadIsWaitedForWithinTheLimit) {
  const Stream stream = make_stream(false);
  write_ok(stream);
  const TimePoint start = sys::now();
  ReplyReading reading(stream.write_end.get(), start);
  EXPECT_EQ(reading.look(start + kReplyReadingLimit - std::chrono::microseconds(1)), start + kReplyReadingLimit);
  EXPECT_EQ(reading.look(start + kReplyReadingLimit), std::nullopt);
  ReplyReading late(stream.write_end.get(), start);
  EXPECT_TRUE(late.look(start));
  read_ok(stream);
  EXPECT_EQ(late.look(start + kReplyReadingLimit - milliseconds(1)), start + kReplyReadingLimit);
}

}  // namespace
}  // namespace stapsh::agent
