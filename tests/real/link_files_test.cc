// SPDX-License-Identifier: Apache-2.0
// Files that a client has stored once, in a real JetStream, and that the link fetches: whole, or not at all.
#include <gmock/gmock.h>

#include "base/sha256.h"
#include "link_test.h"

namespace stapsh::real {
namespace {

using testing::HasSubstr;

class LinkFiles : public LinkTest {
 protected:
  LinkFiles()
      : LinkTest({.jetstream = true}),
        host_(scratch_, mounts_),
        link_(host_.start_connected(*server_)),
        client_(*server_) {}

  void TearDown() override {
    stop(link_);
    LinkTest::TearDown();
  }
  /// A program for bpftrace of that size: a comment, mostly.
  static std::string program(std::size_t size) {
    const std::string end = "\nBEGIN { printf(\"stored and run\\n\"); exit(); }\n";
    std::string text = "//";
    for (std::size_t i = 0; text.size() + end.size() < size; ++i) text += static_cast<char>('a' + i % 26);
    return text + end;
  }

  void make_store() {
    client_.ask(client_.subjects().store_create(),
                R"({"name":"RSTAP_FILES","subjects":["rstap.here.file.>"],"storage":"memory","retention":"limits",)"
                R"("max_msgs_per_subject":1,"max_age":3600000000000,"discard":"old","allow_direct":true,)"
                R"("num_replicas":1,"max_consumers":-1,"max_msgs":-1,"max_bytes":-1})");
    ASSERT_TRUE(client_.wait_until([&] { return client_.answers().size() == 1; }));
    ASSERT_THAT(client_.answers().front().data, HasSubstr("\"RSTAP_FILES\""));
    client_.forget_answers();
  }
  /// All pieces but `missing`.
  void store(const std::string& bytes, const std::string& sha256, std::size_t missing = SIZE_MAX) {
    std::size_t stored = 0;
    for (std::size_t piece = 0; piece * broker::kPieceBytes < bytes.size(); ++piece) {
      if (piece == missing) continue;
      client_.ask(client_.subjects().file(sha256, piece),
                  bytes.substr(piece * broker::kPieceBytes, broker::kPieceBytes));
      ++stored;
    }
    ASSERT_TRUE(client_.wait_until([&] { return client_.answers().size() == stored; }));
    EXPECT_THAT(client_.answers().back().data, HasSubstr("\"stream\":\"RSTAP_FILES\""));
    client_.forget_answers();
  }
  /// Returns the file's offset.
  std::uint64_t begin(std::uint32_t number, std::uint64_t size, const std::string& sha256,
                      std::uint32_t spread_ms = 0) {
    client_.open(number);
    client_.say(number, "stap 5.6\noption data\noption exit\nfile " + std::to_string(size) + " a.bt\n");
    const std::uint64_t at = client_.heard(number).sent;
    client_.send_file(number, size, sha256, spread_ms);
    client_.say(number, "run ./a.bt\n");
    return at;
  }
  /// Those pieces of BYTES, as the link asks for them.
  void send_wanted(std::uint32_t number, std::uint64_t at, const std::string& bytes,
                   const std::vector<std::uint64_t>& pieces) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      ASSERT_TRUE(client_.wait_until([&] { return client_.heard(number).wanted.size() > i; }));
      EXPECT_EQ(client_.heard(number).wanted[i], at + pieces[i] * broker::kPieceBytes);
      client_.send(number,
                   broker::Piece{at + pieces[i] * broker::kPieceBytes,
                                 std::string_view(bytes).substr(pieces[i] * broker::kPieceBytes, broker::kPieceBytes)});
    }
  }

  LinkHost host_;
  Program& link_;
  BrokerClient client_;
};

TEST_F(LinkFiles, AStoredFileIsRun) {
  make_store();
  std::uint32_t number = 0;
  // One piece, exact pieces, one byte more, many.
  for (const std::size_t size :
       {std::size_t{100}, 2 * broker::kPieceBytes, 2 * broker::kPieceBytes + 1, std::size_t{1'000'000}}) {
    SCOPED_TRACE(size);
    const std::string bytes = program(size), sha256 = sha256_hex(bytes);
    ASSERT_EQ(bytes.size(), size);
    store(bytes, sha256);
    ++number;
    begin(number, size, sha256, number * 20);
    ASSERT_TRUE(client_.wait_until([&] { return client_.heard(number).ended || client_.heard(number).reset; }));
    EXPECT_THAT(client_.heard(number).out, testing::AllOf(HasSubstr("stored and run\n"), HasSubstr("exit 0\n")));
    EXPECT_EQ(client_.heard(number).reset, std::nullopt);
    client_.send_end(number);
  }
}

TEST_F(LinkFiles, OneThatIsNotWholeIsNotRun) {
  make_store();
  const std::string bytes = program(50'000), sha256 = sha256_hex(bytes);
  store(bytes, sha256, 2);
  std::string altered = bytes;
  altered[20'000] ^= 1;
  const std::uint64_t at = begin(1, bytes.size(), sha256);
  send_wanted(1, at, bytes.substr(0, bytes.size() - 1) + "x", {2, 3});
  ASSERT_TRUE(client_.wait_for_reset(1));
  EXPECT_EQ(*client_.heard(1).reset,
            "stored file " + sha256.substr(0, 12) + ": what is stored, or what its client sent, has another digest");

  store(altered, sha256);
  begin(2, bytes.size(), sha256);
  ASSERT_TRUE(client_.wait_for_reset(2));
  EXPECT_EQ(*client_.heard(2).reset, "stored file " + sha256.substr(0, 12) +
                                         ": what is stored has another digest; somebody has overwritten it in the "
                                         "broker's store");

  store(bytes, sha256);
  begin(3, bytes.size() - 1, sha256);
  ASSERT_TRUE(client_.wait_for_reset(3));
  EXPECT_THAT(*client_.heard(3).reset, HasSubstr("piece 3 of 4 has 848 bytes, not 847"));

  begin(4, bytes.size(), sha256);
  ASSERT_TRUE(client_.wait_until([&] { return client_.heard(4).ended; }));
  EXPECT_THAT(client_.heard(4).out, HasSubstr("stored and run\n"));
  for (const std::uint32_t number : {1U, 2U, 3U}) {
    EXPECT_THAT(client_.heard(number).out, testing::Not(HasSubstr("stored and run"))) << number;
  }
  client_.send_end(4);
}

TEST_F(LinkFiles, WhatIsNotStoredComesFromTheClient) {
  make_store();
  const std::string bytes = program(100'000), sha256 = sha256_hex(bytes);
  store(bytes, sha256, 2);
  const std::uint64_t at = begin(1, bytes.size(), sha256);
  client_.send(1, broker::Piece{at, "nobody has asked"});
  send_wanted(1, at, bytes, {2, 3, 4, 5, 6});
  ASSERT_TRUE(client_.wait_until([&] { return client_.heard(1).ended || client_.heard(1).reset; }));
  EXPECT_THAT(client_.heard(1).out, testing::AllOf(HasSubstr("stored and run\n"), HasSubstr("exit 0\n")));
  EXPECT_EQ(client_.heard(1).reset, std::nullopt);
  EXPECT_TRUE(link_.wait_for_err("stored file " + sha256.substr(0, 12) +
                                 ": piece 2 of 7 is not there; it comes from its client, which takes longer. If this "
                                 "goes on: may this host say rstap.here.store.get.*.*, and does the broker"));
  client_.send_end(1);
}

// A broker that is asked before its store is there.
TEST_F(LinkFiles, AStoreThatIsNotThereYetIsWaitedFor) {
  const std::string bytes = program(20'000), sha256 = sha256_hex(bytes);
  begin(1, bytes.size(), sha256);
  ASSERT_TRUE(client_.wait_for_out(1, "OK\n"));
  make_store();
  store(bytes, sha256);
  ASSERT_TRUE(client_.wait_until([&] { return client_.heard(1).ended || client_.heard(1).reset; }));
  EXPECT_THAT(client_.heard(1).out, HasSubstr("stored and run\n"));
  client_.send_end(1);
}

// Else a client's word would have it wait for weeks.
TEST_F(LinkFiles, WhoMayWaitForTooLongIsToldSo) {
  begin(1, 1'000'000, std::string(64, 'a'), broker::kFileSpreadMsMax + 1);
  ASSERT_TRUE(client_.wait_for_reset(1));
  EXPECT_EQ(*client_.heard(1).reset, "a stored file whose spread is more than 60000 ms");
}

TEST_F(LinkFiles, AClientThatResetsEndsTheFetching) {
  begin(1, 1'000'000, std::string(64, 'a'), 60'000);
  ASSERT_TRUE(client_.wait_for_out(1, "OK\n"));
  client_.send(1, broker::Reset{});
}

}  // namespace
}  // namespace stapsh::real
