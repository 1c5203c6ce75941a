// SPDX-License-Identifier: Apache-2.0
#include "broker/message.h"

#include <gtest/gtest.h>

namespace stapsh::broker {
namespace {

const std::string kDigest(64, 'a');

TEST(BrokerMessage, IsReadAsItWasWritten) {
  const Message messages[] = {
      Open{16'384},      Data{1ULL << 40U, "some\0 bytes\n"}, StoredFile{7, 300'000, kFileSpreadMsMax, kDigest},
      WantPiece{16'391}, Piece{16'391, "some\0 bytes\n"},     Credit{65'536},
      End{12},           Reset{"the broker has gone"}};
  for (const Message& message : messages) {
    const std::string bytes = encode(message);
    const Result<Message> read = decode(bytes);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(*read, message);
    EXPECT_EQ(encode(*read), bytes);
  }
}

// The bytes themselves, as docs/fleet.md has them: other releases must read them.
TEST(BrokerMessage, LooksSo) {
  using std::string_literals::operator""s;
  EXPECT_EQ(encode(Open{0x0102}), "o\0\0\0\0\0\0\1\2"s);
  EXPECT_EQ(encode(Data{3, "abc"}), "d\0\0\0\0\0\0\0\3abc"s);
  EXPECT_EQ(encode(WantPiece{9}), "w\0\0\0\0\0\0\0\11"s);
  EXPECT_EQ(encode(Piece{9, "abc"}), "p\0\0\0\0\0\0\0\11abc"s);
  EXPECT_EQ(encode(Credit{4}), "c\0\0\0\0\0\0\0\4"s);
  EXPECT_EQ(encode(End{5}), "e\0\0\0\0\0\0\0\5"s);
  EXPECT_EQ(encode(Reset{"why"}), "r\0\0\0\0\0\0\0\0why"s);
  EXPECT_EQ(encode(StoredFile{6, 7, 8, kDigest}), "f\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0\7\0\0\0\10"s + kDigest);
}

TEST(BrokerMessage, WhatIsNoneSaysWhy) {
  using std::string_literals::operator""s;
  struct Case {
    std::string bytes, want;
  };
  const std::string file = encode(StoredFile{0, 1, 0, kDigest});
  const Case cases[] = {
      {"", "a message without its head"},
      {"d\0\0\0"s, "a message without its head"},
      {"x\0\0\0\0\0\0\0\0"s, "a message of a kind that is not known: x"},
      {"\n\0\0\0\0\0\0\0\0"s, "a message of a kind that is not known: ^J"},
      {"d\0\0\0\0\0\0\0\0"s, "data of an impossible size"},
      {"d\0\0\0\0\0\0\0\0"s + std::string(kDataBytesMax + 1, 'x'), "data of an impossible size"},
      {"p\0\0\0\0\0\0\0\0"s, "a piece of an impossible size"},
      {"p\0\0\0\0\0\0\0\0"s + std::string(kPieceBytes + 1, 'x'), "a piece of an impossible size"},
      {"w\0\0\0\0\0\0\0\0x"s, "a message with something behind it"},
      {"c\0\0\0\0\0\0\0\0x"s, "a message with something behind it"},
      {file.substr(0, file.size() - 1), "a stored file of another length"},
      {file.substr(0, file.size() - 1) + "A", "a stored file whose digest is none"},
      {encode(StoredFile{0, 0, 0, kDigest}), "a stored file of an impossible size"},
      {encode(StoredFile{0, kFileBytesMax + 1, 0, kDigest}), "a stored file of an impossible size"},
      {encode(StoredFile{0, 1, kFileSpreadMsMax + 1, kDigest}), "a stored file whose spread is more than 60000 ms"},
  };
  for (const Case& c : cases) {
    const Result<Message> read = decode(c.bytes);
    ASSERT_FALSE(read) << c.want;
    EXPECT_EQ(read.error().what, c.want);
  }
}

TEST(BrokerMessage, AReasonIsALineForAPerson) {
  const Result<Message> read = decode(encode(Reset{"\x1b[2J\n" + std::string(1'000, 'x')}));
  ASSERT_TRUE(read);
  const std::string& reason = std::get<Reset>(*read).reason;
  EXPECT_TRUE(reason.starts_with("^[[2J^Jxxx")) << reason;
  EXPECT_LE(reason.size(), kReasonBytesMax);
  // No character is cut in two, and what was cut once stays as it is.
  std::string umlauts = "x";
  while (umlauts.size() < 500) umlauts += "ü";
  const Result<Message> cut = decode(encode(Reset{umlauts}));
  ASSERT_TRUE(cut);
  const std::string& text = std::get<Reset>(*cut).reason;
  EXPECT_LE(text.size(), kReasonBytesMax);
  EXPECT_TRUE(text.ends_with("ü...")) << text;
  EXPECT_EQ(decode(encode(*cut)), *cut);
}

}  // namespace
}  // namespace stapsh::broker
