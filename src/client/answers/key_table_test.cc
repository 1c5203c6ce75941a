// SPDX-License-Identifier: Apache-2.0
#include "client/answers/key_table.h"

#include <gtest/gtest.h>

#include <string>

namespace stapsh::client {
namespace {

TEST(KeyTable, NumbersKeysInTheOrderInWhichTheyCome) {
  KeyTable keys;
  for (std::uint32_t i = 0; i < 10'000; ++i) EXPECT_EQ(keys.find_or_add("key " + std::to_string(i)), i);
  for (std::uint32_t i = 0; i < 10'000; ++i) EXPECT_EQ(keys.find_or_add("key " + std::to_string(i), false), i);
  EXPECT_EQ(keys.size(), 10'000U);
  EXPECT_EQ(keys.text(17), "key 17");
  EXPECT_EQ(keys.find_or_add("another", false), std::nullopt);
}

TEST(KeyTable, KeysOfAllLengthsDiffer) {
  KeyTable keys(KeyMatching::kExact, 7);
  std::string key;
  for (std::uint32_t i = 0; i < 200; ++i, key += '\0') EXPECT_EQ(keys.find_or_add(key), i);
}

TEST(KeyTable, ExactKeysKeepTheirBlanks) {
  KeyTable keys;
  EXPECT_NE(keys.find_or_add("a b"), keys.find_or_add("ab"));
}

TEST(KeyTable, LooseKeysMeetAndTheFullestIsShown) {
  const struct {
    std::string one, other, shown;
  } cases[] = {
      {"tmux:server", "tmux: server", "tmux: server"},
      {"tmux: server", "tmux:server", "tmux: server"},
      {"(q)", "q", "(q)"},
      {"((q))", "(q)", "((q))"},
      {"1,2", "(1, 2)", "(1, 2)"},
      {"\n    f+12\n", "\\n        f+12\\n", "\\n        f+12\\n"},
      {"\nf+12\n,x", "\n    f+12\n,x", "\n    f+12\n,x"},
      {"\n\tffff0cbpf_prog+1\n", "\n\tffff0c bpf_prog+1\n", "\n\tffff0c bpf_prog+1\n"},
      {"a bc", "ab c", "a bc"},
      {"ab c", "a bc", "a bc"},
      {"", "()", "()"},
  };
  for (const auto& c : cases) {
    KeyTable keys(KeyMatching::kLoose);
    EXPECT_EQ(keys.find_or_add(c.one), 0U);
    EXPECT_EQ(keys.find_or_add(c.other), 0U) << c.one << " and " << c.other;
    EXPECT_EQ(keys.text(0), c.shown);
  }
  KeyTable keys(KeyMatching::kLoose);
  EXPECT_NE(keys.find_or_add("a"), keys.find_or_add("b"));
  EXPECT_NE(keys.find_or_add("(a"), keys.find_or_add("a)"));
}

}  // namespace
}  // namespace stapsh::client
