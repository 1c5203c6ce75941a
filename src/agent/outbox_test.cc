// SPDX-License-Identifier: Apache-2.0
#include "agent/outbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "sys/io.h"
#include "sys/pipe.h"
#include "sys/unique_fd.h"

namespace stapsh::agent {
namespace {

std::string read_available(int fd) {
  std::string all;
  std::array<char, 65'536> buffer;
  while (*sys::bytes_available(fd) > 0) {
    const auto got = sys::read_some(fd, buffer);
    if (!got || got->bytes == 0) break;
    all.append(buffer.data(), got->bytes);
  }
  return all;
}

TEST(Outbox, KeepsTheOrderOfTextAndFrames) {
  auto runner = *sys::make_pipe();
  auto peer = *sys::make_pipe({.nonblocking_write = true});
  ASSERT_TRUE(sys::write_some(runner.write_end.get(), "hello world"));
  Outbox outbox(peer.write_end.get());
  outbox.add("OK\n");
  outbox.add_frame("data stdout 5\n", runner.read_end.get(), 5);
  outbox.add("quit\n");
  EXPECT_FALSE(outbox.can_take_frame());
  const auto flushed = outbox.flush();
  ASSERT_TRUE(flushed);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(read_available(peer.read_end.get()), "OK\ndata stdout 5\nhelloquit\n");
  EXPECT_EQ(read_available(runner.read_end.get()), " world");  // Not ours.
}

TEST(Outbox, WaitsForAReaderAndLosesNothing) {
  auto runner = *sys::make_pipe({.nonblocking_write = true});
  auto peer = *sys::make_pipe({.nonblocking_write = true});
  sys::grow_pipe(runner.write_end.get(), 1 << 18);
  // A user over the kernel's soft limit gets smaller pipes: take what fits.
  const std::string payload(sys::write_some(runner.write_end.get(), std::string(200'000, 'x'))->bytes, 'x');
  ASSERT_FALSE(payload.empty());
  Outbox outbox(peer.write_end.get());
  outbox.add_frame("header\n", runner.read_end.get(), payload.size());
  std::string got;
  while (!outbox.empty()) {
    const auto flushed = outbox.flush();
    ASSERT_TRUE(flushed);
    const std::string piece = read_available(peer.read_end.get());
    ASSERT_TRUE(!piece.empty() || outbox.empty());
    got += piece;
  }
  got += read_available(peer.read_end.get());
  EXPECT_EQ(got, "header\n" + payload);
}

TEST(Outbox, CopiesWhereSpliceIsRefused) {
  auto runner = *sys::make_pipe();
  ASSERT_TRUE(sys::write_some(runner.write_end.get(), "hello"));
  const sys::UniqueFd file(::memfd_create("outbox_test", MFD_CLOEXEC));
  ASSERT_TRUE(file.valid());
  ASSERT_EQ(::fcntl(file.get(), F_SETFL, O_APPEND), 0);  // splice(2): EINVAL.
  Outbox outbox(file.get());
  outbox.add_frame("data stdout 5\n", runner.read_end.get(), 5);
  outbox.add("quit\n");
  ASSERT_TRUE(outbox.flush());
  EXPECT_TRUE(outbox.empty());
  std::array<char, 64> buffer{};
  const ssize_t n = ::pread(file.get(), buffer.data(), buffer.size(), 0);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(n)), "data stdout 5\nhelloquit\n");
}

TEST(Outbox, AGonePeerIsAnError) {
  auto peer = *sys::make_pipe({.nonblocking_write = true});
  peer.read_end.reset();
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  Outbox outbox(peer.write_end.get());
  outbox.add("OK\n");
  const auto flushed = outbox.flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().sys_errno, EPIPE);
  outbox.abandon();
  outbox.add("more");
  EXPECT_TRUE(outbox.empty());
}

}  // namespace
}  // namespace stapsh::agent
