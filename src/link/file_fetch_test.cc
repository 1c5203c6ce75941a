// SPDX-License-Identifier: Apache-2.0
#include "link/file_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::link {
namespace {

using namespace std::chrono_literals;
using Answer = FileFetch::Answer;

constexpr TimePoint kStart{1h};
constexpr std::size_t kPiece = broker::kPieceBytes;

std::string content(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}
FileFetch fetch_of(const std::string& bytes) {
  return {broker::StoredFile{0, bytes.size(), 0, sha256_hex(bytes)}, kStart};
}
std::string piece_of(const std::string& bytes, std::uint64_t piece) {
  return bytes.substr(static_cast<std::size_t>(piece) * kPiece, kPiece);
}

TEST(FileFetch, PiecesAreHandedOnInTheirOrderTwoAtATime) {
  for (const std::size_t size : {std::size_t{1}, kPiece, kPiece + 1, 5 * kPiece, 7 * kPiece - 1}) {
    const std::string bytes = content(size);
    FileFetch fetch = fetch_of(bytes);
    std::string got;
    std::vector<std::uint64_t> asked;
    while (!fetch.is_done()) {
      while (const auto piece = fetch.next_request(kStart)) asked.push_back(*piece);
      ASSERT_FALSE(asked.empty());
      ASSERT_LE(asked.size(), 2U);
      // The later one is answered first.
      EXPECT_TRUE(fetch.on_answer(asked.back(), Answer::kBytes, piece_of(bytes, asked.back()), kStart));
      asked.pop_back();
      while (const auto part = fetch.take()) got += *part;
    }
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(fetch.next_timer(), std::nullopt);
  }
}

TEST(FileFetch, ItBeginsAtItsTime) {
  FileFetch fetch(broker::StoredFile{0, 1, 0, sha256_hex("x")}, kStart + 3s);
  EXPECT_EQ(fetch.next_request(kStart), std::nullopt);
  EXPECT_EQ(fetch.next_timer(), kStart + 3s);
  EXPECT_EQ(fetch.next_request(kStart + 3s), 0U);
}

// How often PIECE is asked for until the client is, and how long that takes.
std::pair<int, Duration> given_up_after(FileFetch& fetch, std::uint64_t piece) {
  TimePoint now = kStart;
  int tries = 0;
  while (fetch.source() == FileFetch::Source::kStore) {
    EXPECT_EQ(fetch.next_request(now), piece);
    ++tries;
    now = *fetch.next_timer();
    EXPECT_TRUE(fetch.on_time(now));
  }
  return {tries, now - kStart};
}

TEST(FileFetch, AStoreThatSaysNothingIsAskedTwiceAndThenTheClient) {
  const std::string bytes = content(10);
  FileFetch fetch = fetch_of(bytes);
  EXPECT_EQ(given_up_after(fetch, 0), std::pair(2, Duration(5s)));
  EXPECT_EQ(fetch.trouble_with_store(), "stored file " + sha256_hex(bytes).substr(0, 12) +
                                            ": piece 0 of 1 was asked for often enough, and nobody answers");
  EXPECT_EQ(fetch.next_request(kStart + 5s), 0U);
  EXPECT_EQ(fetch.next_timer(), kStart + 65s);  // It is not asked again.
  EXPECT_TRUE(fetch.on_time(kStart + 64s));
  EXPECT_TRUE(fetch.on_answer(0, Answer::kBytes, bytes, kStart + 64s));
  EXPECT_EQ(fetch.take(), bytes);
  EXPECT_TRUE(fetch.is_done());
}

TEST(FileFetch, AClientThatSaysNothingIsTheEnd) {
  const std::string bytes = content(10);
  FileFetch fetch = fetch_of(bytes);
  EXPECT_EQ(given_up_after(fetch, 0).second, Duration(5s));
  EXPECT_EQ(fetch.next_request(kStart + 5s), 0U);
  const Result<> result = fetch.on_time(kStart + 65s);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what,
            "stored file " + sha256_hex(bytes).substr(0, 12) + ": piece 0 of 1 does not come from its client");
}

TEST(FileFetch, AStoreThatHasAnsweredIsGivenTime) {
  const std::string bytes = content(kPiece + 10);
  FileFetch fetch = fetch_of(bytes);
  EXPECT_EQ(fetch.next_request(kStart), 0U);
  EXPECT_TRUE(fetch.on_answer(0, Answer::kBytes, piece_of(bytes, 0), kStart));
  EXPECT_TRUE(fetch.take());
  EXPECT_EQ(given_up_after(fetch, 1), std::pair(6, Duration(30s)));
}

// In their order, each once: so the client bounds what it sends.
TEST(FileFetch, WhatTheStoreDoesNotHaveTheClientIsAskedFor) {
  const std::string bytes = content(5 * kPiece - 1);
  FileFetch fetch = fetch_of(bytes);
  std::string got;
  std::vector<std::uint64_t> of_client;
  while (!fetch.is_done()) {
    const std::optional<std::uint64_t> piece = fetch.next_request(kStart);
    ASSERT_TRUE(piece);
    const bool asks_client = fetch.source() == FileFetch::Source::kClient;
    if (asks_client) of_client.push_back(*piece);
    const bool is_there = asks_client || *piece != 1;
    if (!is_there) {
      EXPECT_EQ(fetch.next_request(kStart), 2U);  // On its way, and asked for again.
    }
    EXPECT_TRUE(fetch.on_answer(*piece, is_there ? Answer::kBytes : Answer::kNotThere,
                                is_there ? piece_of(bytes, *piece) : "", kStart));
    while (const auto part = fetch.take()) got += *part;
  }
  EXPECT_EQ(got, bytes);
  EXPECT_EQ(of_client, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(fetch.trouble_with_store(),
            "stored file " + sha256_hex(bytes).substr(0, 12) + ": piece 1 of 5 is not there");
}

TEST(FileFetch, AStoreThatIsNotThereYetIsGivenTime) {
  const std::string bytes = content(10);
  FileFetch fetch = fetch_of(bytes);
  EXPECT_EQ(fetch.next_request(kStart), 0U);
  EXPECT_TRUE(fetch.on_answer(0, Answer::kNotNow, {}, kStart));
  EXPECT_EQ(fetch.next_request(kStart), std::nullopt);
  const TimePoint later = *fetch.next_timer();
  EXPECT_EQ(fetch.next_request(later), 0U);
  EXPECT_TRUE(fetch.on_answer(0, Answer::kBytes, bytes, later));
  EXPECT_TRUE(fetch.on_answer(0, Answer::kBytes, bytes, later));  // A late one.
  EXPECT_EQ(fetch.take(), bytes);
  EXPECT_TRUE(fetch.on_answer(7, Answer::kNotThere, {}, later));  // Never asked for.
}

TEST(FileFetch, WhatIsWrongIsSaidAndTheLastPieceKeptBack) {
  const std::string bytes = content(2 * kPiece), name = "stored file " + sha256_hex(bytes).substr(0, 12);
  const auto answered = [&](Answer answer, const std::string& last) {
    FileFetch fetch = fetch_of(bytes);
    EXPECT_EQ(fetch.next_request(kStart), 0U);
    EXPECT_EQ(fetch.next_request(kStart), 1U);
    EXPECT_TRUE(fetch.on_answer(0, Answer::kBytes, piece_of(bytes, 0), kStart));
    EXPECT_TRUE(fetch.take());
    const Result<> result = fetch.on_answer(1, answer, last, kStart);
    return result ? std::string("none") : result.error().what;
  };
  EXPECT_EQ(answered(Answer::kBytes, "short"), name + ": piece 1 of 2 has 5 bytes, not 16384");
  std::string altered = piece_of(bytes, 1);
  altered[7] ^= 1;
  EXPECT_EQ(answered(Answer::kBytes, altered),
            name + ": what is stored has another digest; somebody has overwritten it in the broker's store");
  EXPECT_EQ(answered(Answer::kBytes, piece_of(bytes, 1)), "none");

  FileFetch of_client = fetch_of(piece_of(bytes, 0));
  EXPECT_EQ(of_client.next_request(kStart), 0U);
  EXPECT_TRUE(of_client.on_answer(0, Answer::kNotThere, {}, kStart));
  EXPECT_EQ(of_client.next_request(kStart), 0U);
  const Result<> result = of_client.on_answer(0, Answer::kBytes, piece_of(altered, 0).replace(0, 1, "x"), kStart);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().what, testing::HasSubstr(": what its client sent has another digest"));
}

}  // namespace
}  // namespace stapsh::link
