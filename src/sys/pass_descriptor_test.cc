// SPDX-License-Identifier: Apache-2.0
#include "sys/pass_descriptor.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "sys/memory_file.h"

namespace stapsh::sys {
namespace {

struct Pair {
  explicit Pair(int type) {
    std::array<int, 2> fds{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
    here = UniqueFd(fds[0]);
    there = UniqueFd(fds[1]);
  }
  UniqueFd here, there;
};

TEST(PassDescriptor, ComesWithTheLastByteOfAReadFromAStream) {
  const Pair pair(SOCK_STREAM);
  const UniqueFd file = make_memory_file("content").value_or(UniqueFd());
  ASSERT_TRUE(write_some(pair.here.get(), "before"));
  ASSERT_TRUE(send_descriptor(pair.here.get(), "f", file.get()));
  ASSERT_TRUE(write_some(pair.here.get(), "behind"));
  std::array<char, 100> buffer{};
  std::string before;
  ReceivedDescriptor got;
  while (!got.fd.valid()) {  // The kernel may end a read in front of it as well.
    got = receive_descriptor(pair.there.get(), buffer).value_or(ReceivedDescriptor{});
    ASSERT_GT(got.io.bytes, 0u);
    before.append(buffer.data(), got.io.bytes);
  }
  EXPECT_EQ(before, "beforef");
  EXPECT_TRUE(is_same_file(got.fd.get(), file.get()));
  got = receive_descriptor(pair.there.get(), buffer).value_or(ReceivedDescriptor{});
  EXPECT_EQ(std::string(buffer.data(), got.io.bytes), "behind");
  EXPECT_FALSE(got.fd.valid());
  got = receive_descriptor(pair.there.get(), buffer).value_or(ReceivedDescriptor{});
  EXPECT_TRUE(got.io.would_block);
}

TEST(PassDescriptor, KeepsPacketsWholeAndSaysTheEnd) {
  Pair pair(SOCK_SEQPACKET);
  const UniqueFd file = make_memory_file("content").value_or(UniqueFd());
  ASSERT_TRUE(send_descriptor(pair.here.get(), "open 1", file.get()));
  ASSERT_TRUE(send_descriptor(pair.here.get(), "open 2", file.get()));
  std::array<char, 100> buffer{};
  for (const char* want : {"open 1", "open 2"}) {
    const auto got = receive_descriptor(pair.there.get(), buffer);
    ASSERT_TRUE(got);
    EXPECT_EQ(std::string(buffer.data(), got->io.bytes), want);
    EXPECT_TRUE(got->fd.valid());
  }
  pair.here.reset();
  EXPECT_TRUE(receive_descriptor(pair.there.get(), buffer)->io.end);
}

TEST(PassDescriptor, SaysThatThereIsNoRoom) {
  const Pair pair(SOCK_STREAM);
  const UniqueFd file = make_memory_file("content").value_or(UniqueFd());
  Result<IoResult> sent = IoResult{};
  for (int i = 0; i < 100'000 && sent && !sent->would_block; ++i) {
    sent = send_descriptor(pair.here.get(), "f", file.get());
  }
  // Of who is not root, only so many may be under way.
  EXPECT_TRUE(sent ? sent->would_block : sent.error().sys_errno == ETOOMANYREFS);
}

}  // namespace
}  // namespace stapsh::sys
