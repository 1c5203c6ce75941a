// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <gtest/gtest.h>

namespace stapsh {
namespace {

// NIST's examples (FIPS 180-4; SHA256ShortMsg.rsp of the CAVP).
TEST(Sha256, GivesTheDigestsOfTheStandardsExamples) {
  struct Case {
    std::string bytes;
    std::string_view want;
  };
  const Case cases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"\xd3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrst"
       "u",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Case& c : cases) EXPECT_EQ(sha256_hex(c.bytes), c.want) << c.bytes.substr(0, 60);
}

// Around the sizes at which the padding needs a block of its own.
TEST(Sha256, AnySplitGivesTheSameDigest) {
  for (std::size_t size = 0; size <= 130; ++size) {
    const std::string bytes(size, 'x');
    for (std::size_t cut = 0; cut <= size; ++cut) {
      Sha256 digest;
      digest.update(std::string_view(bytes).substr(0, cut));
      digest.update(std::string_view(bytes).substr(cut));
      ASSERT_EQ(digest.finish(), sha256_hex(bytes)) << size << " cut at " << cut;
    }
  }
}

// What the processor has instructions for, and what any processor can.
TEST(Sha256, IsTheSameOnAnyProcessor) {
  std::array<unsigned char, 9 * kSha256BlockBytes> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * i + 31 * i + 7);
  Sha256State state{1, 2, 3, 4, 5, 6, 7, 0xffff'ffff}, plainly = state;
  for (std::size_t blocks = 0; blocks <= 9; ++blocks) {
    sha256_blocks(state, bytes.data(), blocks);
    sha256_blocks_plainly(plainly, bytes.data(), blocks);
    ASSERT_EQ(state, plainly) << blocks;
  }
}

}  // namespace
}  // namespace stapsh
