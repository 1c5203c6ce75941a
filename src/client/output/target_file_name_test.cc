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
  for (const Case& c : cases) EXPECT_EQ(target_file_name(c.name), c.want);
}

TEST(TargetFileName, LongNamesStayDifferent) {
  std::set<std::string> names;
  for (const std::size_t size : {199u, 200u, 201u, 202u, 5'000u}) {
    for (const char last : {'a', 'b', '/'}) {
      const std::string name = target_file_name(std::string(size, 'x') + last);
      EXPECT_LE(name.size(), 200u);
      EXPECT_TRUE(names.insert(name).second) << name;
    }
  }
}

}  // namespace
}  // namespace stapsh::client
