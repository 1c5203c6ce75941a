// SPDX-License-Identifier: Apache-2.0
#include "client/output/target_file_name.h"

#include <gtest/gtest.h>

#include <set>

namespace stapsh::client {
namespace {

TEST(TargetFileName, IsOneThatAFolderTakes) {
  struct Case {
    std::string name, want;
  };
  const Case cases[] = {
      {"web01", "web01"},
      {"root@web01.example:22", "root@web01.example:22"},
      {"unix:/run/a.sock", "unix:%2Frun%2Fa.sock"},
      {"", "%"},
      {".", "%2E"},
      {"..", "%2E."},
      {"../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"},
      {"a%2Fb", "a%252Fb"},
      {"a\nb\x7f", "a%0Ab%7F"},
      {"exec:kubectl exec -i POD", "exec:kubectl exec -i POD"},
      {"stapsh#1", "stapsh#1"},
      {"na\xc3\xafve", "na\xc3\xafve"},
  };
  TargetFileNames names;
  for (const Case& c : cases) EXPECT_EQ(names.add(c.name), c.want);
}

TEST(TargetFileName, LongNamesStayDifferent) {
  std::set<std::string> names;
  TargetFileNames file_names;
  for (const std::size_t size : {199u, 200u, 201u, 202u, 5'000u}) {
    for (const char last : {'a', 'b', '/'}) {
      const std::string name = file_names.add(std::string(size, 'x') + last);
      EXPECT_LE(name.size(), 200u);
      EXPECT_TRUE(names.insert(name).second) << name;
    }
  }
}

// Eight bytes whose FNV-1a is 0, and it stays that however many zeros follow.
TEST(TargetFileName, NamesThatWereMadeToHaveOneNumberStayDifferent) {
  const std::string zero = "\xd5\x6b\xb9\x53\x42\x87\x08\x36";
  TargetFileNames names;
  const std::string first = names.add(zero + std::string(100, '\0'));
  const std::string second = names.add(zero + std::string(101, '\0'));
  const std::string third = names.add(zero + std::string(102, '\0'));
  EXPECT_TRUE(first.ends_with("%~0000000000000000")) << first;
  EXPECT_TRUE(second.ends_with("%~0000000000000000%~2")) << second;
  EXPECT_TRUE(third.ends_with("%~0000000000000000%~3")) << third;
  EXPECT_EQ(third.size(), 200U);
}

}  // namespace
}  // namespace stapsh::client
