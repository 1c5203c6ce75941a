// SPDX-License-Identifier: Apache-2.0
// Two pumps, each with a socket whose other end is the test's; their messages are handed over at once, encoded.
#include "nats/session_pump.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "sys/io.h"

namespace stapsh::nats {
namespace {

using broker::CreditPool;
using Side = broker::Stream::Side;

struct Sockets {
  sys::UniqueFd pumps, ours;
};
Sockets make_sockets() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {sys::UniqueFd(fds[0]), sys::UniqueFd(fds[1])};
}

class Pumps : public testing::Test {
 protected:
  Pumps() {
    Sockets client = make_sockets(), host = make_sockets();
    client_end_ = std::move(client.ours);
    host_end_ = std::move(host.ours);
    client_ = std::make_unique<SessionPump>(std::move(client.pumps), Side::kClient, broker::Stream::kFirstCredit,
                                            client_pool_,
                                            [this](const broker::Message& message) { hand_to(host_, message); });
    host_ = std::make_unique<SessionPump>(std::move(host.pumps), Side::kHost,
                                          SessionPump::first_credit(Side::kClient, client_pool_), host_pool_,
                                          [this](const broker::Message& message) { hand_to(client_, message); });
  }

  void hand_to(const std::unique_ptr<SessionPump>& pump, const broker::Message& message) {
    const std::string bytes = broker::encode(message);
    const Result<> taken = pump->on_message(*broker::decode(bytes));
    EXPECT_TRUE(taken) << taken.error().what;
  }

  Result<> client_to_host(const broker::Message& message) { return host_->on_message(message); }

  // What epoll would tell, until it has nothing to tell.
  void run() {
    for (bool more = true; more;) {
      more = false;
      for (SessionPump* const pump : {client_.get(), host_.get()}) {
        const auto wanted = pump->wanted();
        if (!wanted) continue;
        pollfd entry{pump->fd(), static_cast<short>(*wanted), 0};
        if (::poll(&entry, 1, 0) <= 0) continue;
        pump->on_socket(static_cast<std::uint32_t>(entry.revents));
        more = true;
      }
    }
  }

  static std::string read(const sys::UniqueFd& end) {
    std::string all, part(65'536, '\0');
    while (true) {
      const Result<sys::IoResult> got = sys::read_some(end.get(), part);
      if (!got || got->would_block) return all;
      if (got->end) return all + "<end>";
      all.append(part, 0, got->bytes);
    }
  }
  static std::size_t write(const sys::UniqueFd& end, std::string_view bytes) {
    return sys::write_some(end.get(), bytes)->bytes;
  }

  CreditPool client_pool_{1 << 20, 100}, host_pool_{1 << 20, 10};
  sys::UniqueFd client_end_, host_end_;
  std::unique_ptr<SessionPump> client_, host_;
};

TEST_F(Pumps, BytesGoBothWaysUntilBothHaveEnded) {
  write(client_end_, "stap 5.6\n");
  run();
  EXPECT_EQ(read(host_end_), "stap 5.6\n");
  write(host_end_, "stapsh\n");
  ::shutdown(client_end_.get(), SHUT_WR);
  run();
  EXPECT_EQ(read(host_end_), "<end>");
  EXPECT_EQ(read(client_end_), "stapsh\n");
  EXPECT_FALSE(host_->is_over());
  write(host_end_, "the last");
  host_end_.reset();
  run();
  EXPECT_EQ(read(client_end_), "the last<end>");
  EXPECT_TRUE(host_->is_over());
  EXPECT_TRUE(client_->is_over());
}

// Neither end ever holds more than it has given credit for, and nothing is lost when its reader goes on.
TEST_F(Pumps, WhoDoesNotReadHoldsItsSenderUp) {
  const std::string block(100'000, 'x');
  std::size_t written = 0, idle = 0;
  while (idle < 2) {
    const std::size_t now = write(host_end_, block);
    written += now;
    idle = now == 0 ? idle + 1 : 0;
    run();
    ASSERT_LE(client_pool_.outstanding(), std::size_t{1} << 20);
  }
  EXPECT_GT(written, CreditPool::kWindowMax);
  host_end_.reset();
  std::string got;
  while (!got.ends_with("<end>")) {
    const std::string part = read(client_end_);
    ASSERT_FALSE(part.empty());
    got += part;
    run();
  }
  EXPECT_EQ(got, std::string(written, 'x') + "<end>");
}

TEST_F(Pumps, ASocketThatIsClosedTakesAllAndSaysItOnce) {
  host_end_.reset();
  run();
  EXPECT_TRUE(host_->hung_up());
  EXPECT_EQ(host_->wanted(), std::nullopt);
  for (int i = 0; i < 50; ++i) {
    write(client_end_, std::string(50'000, 'x'));
    run();
  }
  EXPECT_EQ(write(client_end_, "x"), 1U);  // It was not held up.
  ::shutdown(client_end_.get(), SHUT_WR);
  run();
  EXPECT_TRUE(host_->is_over());
}

TEST_F(Pumps, AnEndNeedsNoCredit) {
  Sockets sockets = make_sockets();
  std::string said;
  SessionPump pump(std::move(sockets.pumps), Side::kHost, 3, host_pool_,
                   [&](const broker::Message& message) { said += broker::encode(message).front(); });
  write(sockets.ours, "abc");
  pump.on_socket(EPOLLIN);
  EXPECT_EQ(pump.wanted(), 0U);
  sockets.ours.reset();
  pump.on_socket(EPOLLHUP);
  EXPECT_EQ(said, "de");
}

// As of an agent that has said its last word, an end and all, and whose link then has no patience any more.
TEST_F(Pumps, AResetTakesNothingBackThatCameBefore) {
  for (const bool is_behind_end : {false, true}) {
    SCOPED_TRACE(is_behind_end);
    Sockets sockets = make_sockets();
    std::string said;
    SessionPump pump(std::move(sockets.pumps), Side::kClient, 100, client_pool_,
                     [&](const broker::Message& message) { said += broker::encode(message).front(); });
    const std::string part(1'000, 'x');
    std::uint64_t sent = 0;
    while (pump.wanted() == std::uint32_t{EPOLLIN}) {  // Until the socket takes no more.
      ASSERT_TRUE(pump.on_message(broker::Data{sent, part}));
      sent += part.size();
    }
    if (is_behind_end) {
      ASSERT_TRUE(pump.on_message(broker::End{sent}));
    }
    said.clear();
    pump.on_reset();
    EXPECT_FALSE(pump.is_over());
    write(sockets.ours, "nobody is there for this");
    std::string got;
    while (!pump.is_over()) {
      const std::string now = read(sockets.ours);
      ASSERT_FALSE(now.empty());
      got += now;
      EXPECT_EQ(pump.wanted(), std::uint32_t{EPOLLOUT});
      pump.on_socket(EPOLLIN | EPOLLOUT);
    }
    got += read(sockets.ours);
    // Without an end, the socket is open until its holder has said why.
    EXPECT_EQ(got, std::string(sent, 'x') + (is_behind_end ? "<end>" : ""));
    EXPECT_EQ(said, "");
  }
}

TEST_F(Pumps, AResetDoesNotWaitForWhoHasGoneNorForAFile) {
  const std::string digest(64, 'a');
  ASSERT_TRUE(client_to_host(broker::Data{0, "before"}));
  ASSERT_TRUE(client_to_host(broker::StoredFile{6, 5, 0, digest}));
  ASSERT_TRUE(client_to_host(broker::Data{11, "behind"}));
  host_->on_reset();
  EXPECT_TRUE(host_->is_over());
  EXPECT_EQ(read(host_end_), "before");

  std::uint64_t sent = 0;
  for (const std::string part(1'000, 'x'); client_->wanted() == std::uint32_t{EPOLLIN}; sent += part.size()) {
    ASSERT_TRUE(client_->on_message(broker::Data{sent, part}));
  }
  client_->on_reset();
  EXPECT_FALSE(client_->is_over());
  client_end_.reset();
  client_->on_socket(EPOLLHUP);
  EXPECT_TRUE(client_->is_over());
}

TEST_F(Pumps, AFileIsWrittenInItsPlace) {
  const auto to_host = [this](const broker::Message& message) { hand_to(host_, message); };
  const std::string digest(64, 'a');
  to_host(broker::Data{0, "before "});
  to_host(broker::StoredFile{7, 5, 0, digest});
  to_host(broker::Data{12, " between "});
  to_host(broker::StoredFile{21, 3, 0, digest});
  to_host(broker::Data{24, " behind"});
  to_host(broker::End{31});
  ASSERT_NE(host_->file(), nullptr);
  EXPECT_EQ(host_->file()->size, 5U);
  EXPECT_TRUE(host_->wants_file_bytes());
  host_->write_file("12");
  host_->write_file("345");
  host_->finish_file();
  EXPECT_EQ(host_->file()->size, 3U);
  host_->write_file("abc");
  host_->finish_file();
  EXPECT_EQ(host_->file(), nullptr);
  EXPECT_EQ(read(host_end_), "before 12345 between abc behind<end>");
}

TEST_F(Pumps, WhatTheOtherEndDoesWrongIsTheReason) {
  const std::string digest(64, 'a');
  for (std::uint64_t i = 0; i < 64; ++i) EXPECT_TRUE(client_to_host(broker::StoredFile{i, 1, 0, digest}));
  EXPECT_EQ(client_to_host(broker::StoredFile{64, 1, 0, digest}).error().what, "too many stored files at a time");
}

TEST_F(Pumps, WhatWasLostIsTheReason) {
  EXPECT_EQ(host_->on_message(broker::Data{5, "x"}).error().what, "5 bytes were lost on the way");
}

}  // namespace
}  // namespace stapsh::nats
