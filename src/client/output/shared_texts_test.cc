// SPDX-License-Identifier: Apache-2.0
#include "client/output/shared_texts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace stapsh::client {
namespace {

std::string text_at(const SharedTexts& texts, const SharedTexts::Place& place) {
  std::string text;
  for (const ByteStore::Piece& piece : texts.pieces(place)) text += texts.view(piece);
  return text;
}

/// All texts are what they should be, and those in one place are those that are equal.
void expect_texts(const SharedTexts& texts, const std::vector<std::string>& want) {
  std::map<SharedTexts::Place, std::string> at;
  std::map<std::string, SharedTexts::Place> of;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const SharedTexts::Place place = texts.place(i);
    ASSERT_EQ(text_at(texts, place), want[i]) << "text " << i;
    EXPECT_EQ(at.emplace(place, want[i]).first->second, want[i]);
    EXPECT_EQ(of.emplace(want[i], place).first->second, place) << "text " << i;
  }
}

TEST(SharedTexts, EqualTextsInAnySplitEndInOnePlaceAndAreKeptOnce) {
  const std::string text = "one line\nanother line\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SCOPED_TRACE(cut);
    SharedTexts texts(3);
    texts.append(0, text);
    texts.append(1, text.substr(0, cut));
    texts.append(2, text.substr(0, text.size() - cut));
    texts.append(1, text.substr(cut));
    texts.append(2, text.substr(text.size() - cut));
    expect_texts(texts, {text, text, text});
    EXPECT_EQ(texts.kept_bytes(), text.size());
  }
}

TEST(SharedTexts, TextsThatPartKeepWhatTheyShare) {
  SharedTexts texts(5);
  texts.append(0, "head tail");
  texts.append(1, "head");
  texts.append(2, "head more");
  texts.append(3, "Head");
  expect_texts(texts, {"head tail", "head", "head more", "Head", ""});
  EXPECT_EQ(texts.kept_bytes(), 9u + 4u + 4u);
  texts.append(1, " tail");
  texts.append(4, "head t");
  expect_texts(texts, {"head tail", "head tail", "head more", "Head", "head t"});
  EXPECT_EQ(texts.kept_bytes(), 17u);
}

TEST(SharedTexts, NothingButItsOwnBytesMakesATextAnother) {
  SharedTexts texts(2);
  texts.append(0, "");
  texts.append(1, std::string("\0", 1));
  expect_texts(texts, {"", std::string("\0", 1)});
}

// Few letters, so that texts part and meet again all the time; a block is smaller than what there is.
TEST(SharedTexts, AnyOrderOfAnyTextsKeepsAllOfThem) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](unsigned bound) { return random() % bound; };
    constexpr std::size_t kTexts = 12;
    SharedTexts texts(kTexts, 0);
    std::vector<std::string> want(kTexts);
    std::string usual;
    for (int i = 0; i < 400; ++i) usual += static_cast<char>('a' + below(2));
    for (int step = 0; step < 300; ++step) {
      const std::size_t text = below(kTexts);
      std::string bytes = want[text].size() < usual.size() ? usual.substr(want[text].size(), below(20)) : "x";
      if (below(15) == 0 && !bytes.empty()) bytes.back() = static_cast<char>('a' + below(3));
      texts.append(text, bytes);
      want[text] += bytes;
    }
    ASSERT_NO_FATAL_FAILURE(expect_texts(texts, want));
  }
}

TEST(SharedTexts, WhatIsOverTheBoundGoesToAFileAndIsComparedThere) {
  constexpr std::size_t kSize = 5 * ByteStore::kBlockBytes + 77;
  std::string text(kSize, '\0');
  for (std::size_t i = 0; i < kSize; ++i) text[i] = static_cast<char>((i * 31 + i / 251) % 256);
  std::string other = text;
  other[kSize / 2] = '!';
  SharedTexts texts(3, 2 * ByteStore::kBlockBytes);
  texts.append(0, text);
  texts.append(1, other);
  texts.append(2, text);
  expect_texts(texts, {text, other, text});
  EXPECT_EQ(texts.kept_bytes(), kSize + (kSize - kSize / 2));
  EXPECT_FALSE(texts.full());
}

// Two that speak in turns, a byte at a time: what finds the bytes again is some fifty times as much.
TEST(SharedTexts, WhatFindsTheBytesCountsToo) {
  SharedTexts texts(2, 4 * ByteStore::kBlockBytes);
  std::size_t bytes = 0;
  for (; !texts.full() && bytes < 10 * ByteStore::kBlockBytes; bytes += 2) {
    texts.append(0, "a");
    texts.append(1, "b");
  }
  ASSERT_TRUE(texts.full());
  EXPECT_LT(bytes, 2 * ByteStore::kBlockBytes);
  EXPECT_NE(texts.full()->what.find("MiB of memory"), std::string::npos) << texts.full()->what;
  EXPECT_EQ(text_at(texts, texts.place(1)), std::string(bytes / 2, 'b'));
}

TEST(ByteStore, AFullDiskIsSaidAndNothingIsLost) {
  ASSERT_EQ(::setenv("TMPDIR", "/proc/no-such-folder", 1), 0);
  ByteStore store(ByteStore::kBlockBytes);
  const std::string block(ByteStore::kBlockBytes, 'x');
  std::vector<ByteStore::Piece> pieces;
  for (int i = 0; i < 4; ++i) pieces.push_back(store.append(block));
  ASSERT_TRUE(store.full());
  EXPECT_NE(store.full()->what.find("/proc/no-such-folder"), std::string::npos) << store.full()->what;
  for (const ByteStore::Piece& piece : pieces) EXPECT_EQ(store.view(piece), block);
  EXPECT_EQ(store.bytes_in_file(), 0u);
  (void)::unsetenv("TMPDIR");
}

}  // namespace
}  // namespace stapsh::client
