// SPDX-License-Identifier: Apache-2.0
#include "client/relay/session_input.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "client/relay/control.h"
#include "client/relay/lent_file.h"
#include "client/relay/stored_answer.h"
#include "sys/memory_file.h"
#include "sys/pass_descriptor.h"

namespace stapsh::client {
namespace {

TEST(SessionInput, AFileComesBetweenTheBytesAroundIt) {
  std::array<int, 2> fds{-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
  const sys::UniqueFd here(fds[0]), there(fds[1]);
  std::vector<std::string> came;
  SessionInput input([&](const sys::UniqueFd& file) {
    const Result<LentFile> lent = LentFile::open(file);
    came.push_back(lent ? "file " + std::string(lent->content()) : lent.error().what);
  });
  std::array<char, 100> buffer{};
  const auto receive = [&] {
    const sys::IoResult got = input.receive(there.get(), buffer).value_or(sys::IoResult{});
    if (got.bytes > 0) came.emplace_back(buffer.data(), got.bytes);
    return got;
  };
  const sys::UniqueFd content = sys::make_memory_file("content").value_or(sys::UniqueFd());
  ASSERT_TRUE(sys::write_some(here.get(), "before"));
  ASSERT_TRUE(sys::send_descriptor(here.get(), kFileMark, content.get()));
  ASSERT_TRUE(sys::send_descriptor(here.get(), kFileMark, content.get()));
  ASSERT_TRUE(sys::write_some(here.get(), "behind"));
  for (int i = 0; i < 4; ++i) receive();
  EXPECT_EQ(came, (std::vector<std::string>{"before", "file content", "file content", "behind"}));
  EXPECT_TRUE(receive().would_block);
  input.put_in_front("as data");
  EXPECT_TRUE(input.has_more());
  receive();
  EXPECT_EQ(came.back(), "as data");
  EXPECT_FALSE(input.has_more());
}

TEST(StoredAnswer, SaysWhatIsThere) {
  const StoredAnswer made = parse_stored_answer(R"({"stream":"RSTAP_FILES","seq":7})");
  EXPECT_TRUE(made.is_understood);
  EXPECT_FALSE(made.error);
  EXPECT_TRUE(parse_stored_answer(R"({"error":{"code":404,"err_code":10059,"description":"x"}})").is_no_stream());
  EXPECT_TRUE(parse_stored_answer(R"({"error":{"code":404,"err_code":10037}})").is_no_message());
  EXPECT_TRUE(parse_stored_answer(R"({"error":{}})").error.has_value());
  EXPECT_FALSE(parse_stored_answer("x").is_understood);
  const StoredAnswer old =
      parse_stored_answer(R"({"message":{"subject":"a","seq":1,"data":"eA==","time":"2024-02-29T23:59:59.5Z"}})");
  ASSERT_TRUE(old.stored);
  EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(*old.stored).count(), 1'709'251'199);
  EXPECT_FALSE(old.is_fresh());
  EXPECT_TRUE(parse_stored_answer(R"({"message":{"time":"2199-01-01T00:00:00Z"}})").is_fresh());
  for (const char* bad : {"2024-02-30T23:59:59Z", "2024-02-29 x", "", "2024-13-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_stored_answer(R"({"message":{"time":")" + std::string(bad) + "\"}}").stored) << bad;
  }
}

}  // namespace
}  // namespace stapsh::client
