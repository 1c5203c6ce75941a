// SPDX-License-Identifier: Apache-2.0
#include "nats/nkey.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "nats/ed25519.h"

namespace stapsh::nats {
namespace {

// RFC 8032, section 7.1, tests 1 and 2.
TEST(Ed25519, IsThatOfItsStandard) {
  const auto bytes = [](std::string_view hex) {
    std::string all;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      all += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return all;
  };
  const std::string first = bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  EXPECT_EQ(public_key_of(first).value(), bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
  EXPECT_EQ(sign(first, "").value(),
            bytes("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                  "d25bf5f0595bbe24655141438e7a100b"));
  const std::string second = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  EXPECT_EQ(sign(second, "r").value(),
            bytes("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                  "387b2eaeb4302aeeb00d291612bb0c00"));
}

TEST(Nkey, OfASeedHasItsPublicKey) {
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
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::group_read);
  EXPECT_EQ(read_nkey(path).error().what,
            path + ": is a secret, and its mode 0440 lets others than its owner at it; chmod 600 " + path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
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
