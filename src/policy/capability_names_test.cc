// SPDX-License-Identifier: Apache-2.0
#include "policy/capability_names.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

#include <cctype>
#include <fstream>
#include <regex>

namespace stapsh::policy {
namespace {

TEST(CapabilityNames, AreThoseOfTheHeaderUnderItsNumbers) {
  EXPECT_GE(kCapabilityNames.size(), std::size_t{CAP_LAST_CAP} + 1);
  std::ifstream header("/usr/include/linux/capability.h");
  if (!header) GTEST_SKIP() << "no linux/capability.h";
  static const std::regex kDefine(R"(#define CAP_([A-Z_]+)\s+([0-9]+)\s*)");
  std::size_t seen = 0;
  for (std::string line; std::getline(header, line);) {
    std::smatch words;
    if (!std::regex_match(line, words, kDefine)) continue;
    std::string name = words[1];
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    SCOPED_TRACE(name);
    ASSERT_LT(std::stoul(words[2]), kCapabilityNames.size());
    EXPECT_EQ(kCapabilityNames.at(std::stoul(words[2])), name);
    ++seen;
  }
  EXPECT_EQ(seen, std::size_t{CAP_LAST_CAP} + 1);
}

// A kernel that is newer than the table has one that nobody can name: this test says so.
TEST(CapabilityNames, AreAllThatThisKernelHas) {
  std::ifstream last("/proc/sys/kernel/cap_last_cap");
  std::size_t number = 0;
  if (!(last >> number)) GTEST_SKIP() << "no /proc";
  EXPECT_LT(number, kCapabilityNames.size());
}

TEST(CapabilityNames, AreReadAndShown) {
  for (std::size_t number = 0; number < kCapabilityNames.size(); ++number) {
    const Result<Capabilities> one = capability_of_name(kCapabilityNames[number]);
    ASSERT_TRUE(one) << one.error().what;
    EXPECT_EQ(*one, Capabilities{1} << number);
    EXPECT_EQ(capabilities_text(*one), kCapabilityNames[number]);
  }
  EXPECT_EQ(capabilities_text(0), "");
  EXPECT_EQ(capabilities_text(Capabilities{1} << 39 | Capabilities{1} << 38 | Capabilities{1} << 63), "perfmon bpf 63");
  for (const std::string_view wrong : {"", "cap_bpf", "BPF", "bpf ", "39", "all"})
    EXPECT_FALSE(capability_of_name(wrong)) << wrong;
}

}  // namespace
}  // namespace stapsh::policy
