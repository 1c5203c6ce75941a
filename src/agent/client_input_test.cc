// SPDX-License-Identifier: Apache-2.0
#include "agent/client_input.h"

#include <gtest/gtest.h>

#include "sys/io.h"
#include "sys/pipe.h"

namespace stapsh::agent {
namespace {

class ClientInputTest : public testing::Test {
 protected:
  void open(std::string first = {}) { ASSERT_TRUE(input_.open(pipe_.read_end.get(), std::move(first), epoll_, 1)); }
  void write(std::string_view bytes) {
    ASSERT_TRUE(sys::write_all(pipe_.write_end.get(), bytes, std::chrono::seconds(1)));
  }

  sys::Pipe pipe_ = *sys::make_pipe();
  sys::Epoll epoll_ = *sys::Epoll::create();
  ClientInput input_;
};

TEST_F(ClientInputTest, WhatWasReadBeforeComesFirst) {
  open("stap 4.8\n");
  write("quit\n");
  EXPECT_FALSE(input_.fill());
  EXPECT_EQ(input_.bytes(), "stap 4.8\n");
  input_.take(5);
  EXPECT_FALSE(input_.fill());
  EXPECT_EQ(input_.bytes(), "4.8\n");
  input_.take(4);
  EXPECT_FALSE(input_.fill());
  EXPECT_EQ(input_.bytes(), "quit\n");
}

TEST_F(ClientInputTest, TheEndIsToldOnceBehindTheLastByte) {
  open("quit\n");
  pipe_.write_end.reset();
  EXPECT_FALSE(input_.fill());
  EXPECT_FALSE(input_.take_end());
  input_.take(5);
  EXPECT_TRUE(input_.fill());
  EXPECT_TRUE(input_.has_news());
  const std::optional<ClientInput::End> end = input_.take_end();
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->error);
  EXPECT_FALSE(input_.has_news());
  EXPECT_FALSE(input_.fill());
  EXPECT_FALSE(input_.take_end());
}

TEST_F(ClientInputTest, NothingToReadIsNoNewsUntilItIsReadable) {
  open();
  EXPECT_TRUE(input_.has_news());
  EXPECT_FALSE(input_.fill());
  EXPECT_FALSE(input_.has_news());
  write("x");
  EXPECT_FALSE(input_.fill());  // Nobody said so.
  input_.on_readable();
  EXPECT_FALSE(input_.fill());
  EXPECT_EQ(input_.bytes(), "x");
}

TEST_F(ClientInputTest, WhatNobodyWantsIsSkippedToTheEnd) {
  open("half a li");
  EXPECT_FALSE(input_.skip());
  EXPECT_EQ(input_.bytes(), "");
  write("ne\n");
  EXPECT_FALSE(input_.skip());
  pipe_.write_end.reset();
  EXPECT_TRUE(input_.skip());
  EXPECT_TRUE(input_.skip());
  ASSERT_TRUE(input_.take_end());
  EXPECT_TRUE(input_.skip());  // A session that was told of it asks again.
}

}  // namespace
}  // namespace stapsh::agent
