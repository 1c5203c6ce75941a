// SPDX-License-Identifier: Apache-2.0
#include "client/fleet/user_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kKeyA = "U" + std::string(55, 'A'), kKeyB = "U" + std::string(55, 'B'),
                  kKeyC = "U" + std::string(55, 'C');

std::vector<Member> members() {
  return {{.kind = MemberKind::kNobody, .name = "", .key = kKeyA},
          {.kind = MemberKind::kHost, .name = "db1.example.com", .key = kKeyB},
          {.kind = MemberKind::kClient, .name = "ada", .key = kKeyC, .makes_store = true},
          {.kind = MemberKind::kClient, .name = "store", .key = kKeyC}};
}

TEST(UserFile, ComesBackAsItWasWritten) {
  const Result<std::vector<Member>> back = parse_users(format_users("demo", members()));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(*back, members());
}

TEST(UserFile, PermissionsHaveTheHostAsOneToken) {
  const std::string text = format_users("demo", members());
  EXPECT_THAT(
      text,
      HasSubstr("  # host db1.example.com\n  { nkey: " + kKeyB +
                ", permissions: {\n"
                "      publish: [\"rstap.demo.up.*.*.db1/example/com.*\", \"rstap.demo.here.*.*.db1/example/com\", "
                "\"rstap.demo.store.get.*.*\"],\n"
                "      subscribe: [\"rstap.demo.who.*\", \"rstap.demo.node.db1/example/com.>\", "
                "\"_INBOX.db1/example/com.>\"] } },\n"));
}

TEST(UserFile, OnlyWhoMaySoMakesTheStore) {
  const std::string text = format_users("demo", members());
  const std::size_t other = text.find("# client store");
  EXPECT_THAT(text.substr(0, other), HasSubstr("store.create"));
  EXPECT_THAT(text.substr(other), Not(HasSubstr("store.create")));
}

TEST(UserFile, WhatIsBrokenIsNamedByItsLine) {
  struct Case {
    std::string text, want;
  };
  const Case cases[] = {
      {"", "0: the end is missing"},
      {"users = []\n", "1: the end is missing"},
      {"  # host web01\n", "1: the end is missing"},
      {"  # host web01\n  # host web02\n", "2: the member before has no key"},
      {"  # host ..\n", "1: it is neither"},
      {"  # host a b\n", "1: it is neither"},
      {"  # client a.b\n", "1: it is neither"},
      {"  # queen ada\n", "1: it is neither"},
      {"  { nkey: " + kKeyA + "\n", "1: it is not said whose"},
      {"  # client ada\n  { nkey: SUABC\n", "2: it is no public NKey"},
      {"  # client ada\n  { nkey: U" + std::string(55, '1') + "\n", "2: it is no public NKey"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<std::vector<Member>> got = parse_users(c.text);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::kUsage);
    EXPECT_THAT(got.error().what, testing::StartsWith(c.want));
  }
}

}  // namespace
}  // namespace stapsh::client
