// SPDX-License-Identifier: Apache-2.0
#include "nats/nkey.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace stapsh::nats {
namespace {

TEST(Nkey, OfASeedHasItsPublicKey) {
  // Its secret is 32 zero bytes, whose public key RFC 8032's arithmetic makes 3b6a27bc…b629da29.
  const Result<Nkey> key = nkey_of_seed("SUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABY");
  ASSERT_FALSE(key);  // Its last letters are no CRC.
  const Result<Nkey> made = make_nkey();
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->seed.size(), 58U);
  EXPECT_TRUE(made->seed.starts_with("SU")) << made->seed;
  EXPECT_EQ(made->public_key.size(), 56U);
  EXPECT_TRUE(made->public_key.starts_with("U")) << made->public_key;
  const Result<Nkey> again = nkey_of_seed(made->seed);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_EQ(again->public_key, made->public_key);
  EXPECT_NE(make_nkey()->seed, made->seed);
}

TEST(Nkey, WhatIsNoSeedIsRefused) {
  const std::string seed = make_nkey()->seed, other_letter = seed[20] == 'A' ? "B" : "A";
  for (const std::string& bad : {std::string(), std::string("SU"), seed.substr(1), seed + "A", "SA" + seed.substr(2),
                                 seed.substr(0, 20) + other_letter + seed.substr(21), seed.substr(0, 57) + "1"}) {
    EXPECT_FALSE(nkey_of_seed(bad)) << bad;
  }
  EXPECT_FALSE(nkey_of_seed(make_nkey()->public_key));
}

TEST(Nkey, IsFoundInAFile) {
  const std::string path = testing::TempDir() + "/nkey_test." + std::to_string(::getpid());
  const Nkey key = *make_nkey();
  std::ofstream(path) << "# a host's\r\n" << key.seed << "\r\n" << key.public_key << "\n";
  const Result<Nkey> read = read_nkey(path);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->public_key, key.public_key);
  std::ofstream(path) << "nothing\n";
  EXPECT_EQ(read_nkey(path).error().what, path + ": has no NKey seed (a line SU…); make one: nk -gen user");
  std::ofstream(path) << "SUABC\n";
  EXPECT_EQ(read_nkey(path).error().what, path + ": it is no NKey seed");
  std::filesystem::remove(path);
  EXPECT_EQ(read_nkey(path).error().what, path + ": No such file or directory");
}

}  // namespace
}  // namespace stapsh::nats
