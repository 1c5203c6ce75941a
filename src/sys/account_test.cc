// SPDX-License-Identifier: Apache-2.0
#include "sys/account.h"

#include <pwd.h>

#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "stapbpf:x:998:997::/nonexistent:/usr/sbin/nologin\n"
    "stapbpf:x:0:0:the second line of a name is not asked:/:/bin/sh\n"
    "short:x:7\n"
    "minus:x:-1:5::/:\n"
    "last:x:9:9::/:/bin/sh";
constexpr std::string_view kGroups =
    "root:x:0:\n"
    "tracing:x:44:other,stapbpf\n"
    "xstapbpf:x:45:xstapbpf,stapbpf2\n"
    "adm:x:4:stapbpf\n"
    "wrong:x:z:stapbpf\n"
    "same:x:44:\n"
    "own:x:997:\n";

TEST(Account, IsWhatTheFilesSay) {
  const Account stapbpf = must(account_of("stapbpf", kPasswd, kGroups));
  EXPECT_EQ(stapbpf.user, 998U);
  EXPECT_EQ(stapbpf.group, 997U);
  EXPECT_EQ(stapbpf.groups, (std::vector<gid_t>{44, 4}));
  EXPECT_EQ(stapbpf.group_names, (std::vector<std::string>{"tracing", "adm", "same", "own"}));
  EXPECT_EQ(must(account_of("last", kPasswd, "")).user, 9U);
}

TEST(Account, WhatIsWrongIsSaid) {
  const auto error = [](std::string_view name) {
    const Result<Account> account = account_of(name, kPasswd, kGroups);
    return account ? std::string("none") : account.error().what;
  };
  EXPECT_EQ(error("stap"), "no such user in /etc/passwd");
  EXPECT_EQ(error(""), "no such user in /etc/passwd");
  EXPECT_EQ(error("short"), "its line in /etc/passwd has no uid and gid");
  EXPECT_EQ(error("minus"), "its line in /etc/passwd has no uid and gid");
}

TEST(Account, IsFoundAsTheLibraryFindsIt) {
  const passwd* const root = ::getpwnam("daemon");
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(must(find_account("daemon")).user, root->pw_uid);
  EXPECT_EQ(must(find_account("daemon")).group, root->pw_gid);
}

}  // namespace
}  // namespace stapsh::sys
