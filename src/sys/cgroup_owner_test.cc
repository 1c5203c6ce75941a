// SPDX-License-Identifier: Apache-2.0
// With a folder that has a cgroup's files; tests/guest/test_policy has real ones.
#include "sys/cgroup_owner.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "sys/open_inside.h"
#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

constexpr uid_t kOther = 1234;
const std::vector<std::string> kFiles{"cgroup.procs", "cgroup.threads", "cgroup.subtree_control"};

class CgroupOwner : public testing::Test {
 protected:
  CgroupOwner() {
    for (const std::string& name : kFiles) std::ofstream(directory_.path(name)) << "\n";
    for (const std::string& name : kFiles) EXPECT_EQ(::chmod(directory_.path(name).c_str(), 0644), 0);
    EXPECT_EQ(::chmod(directory_.path(".").c_str(), 0755), 0);
  }
  std::string why_not() const {
    const UniqueFd dir = must(open_at(AT_FDCWD, directory_.path("."), O_RDONLY | O_DIRECTORY));
    const Result<> owned = check_cgroup_owner(dir.get(), "/x");
    return owned ? "" : owned.error().what;
  }
  const TestDirectory directory_;
};

TEST_F(CgroupOwner, OursIs) { EXPECT_EQ(why_not(), ""); }

TEST_F(CgroupOwner, OneThatOthersMayWriteIsNot) {
  for (const std::string& name : kFiles) {
    for (const mode_t mode : {0664U, 0646U}) {
      EXPECT_EQ(::chmod(directory_.path(name).c_str(), mode), 0);
      EXPECT_EQ(why_not(), "/x/" + name + " may be written by its group or others, who could end the limits");
    }
    EXPECT_EQ(::chmod(directory_.path(name).c_str(), 0644), 0);
  }
  EXPECT_EQ(::chmod(directory_.path(".").c_str(), 0777), 0);
  EXPECT_EQ(why_not(), "/x may be written by its group or others, who could end the limits");
}

TEST_F(CgroupOwner, OneOfAnotherUserIsNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root";
  for (const std::string& name : kFiles) {
    EXPECT_EQ(::chown(directory_.path(name).c_str(), kOther, 0), 0);
    EXPECT_EQ(why_not(), "/x/" + name + " is owned by uid 1234, who could end the limits");
    EXPECT_EQ(::chown(directory_.path(name).c_str(), 0, kOther), 0);  // Its group may only read.
    EXPECT_EQ(why_not(), "");
  }
  EXPECT_EQ(::chown(directory_.path(".").c_str(), kOther, 0), 0);
  EXPECT_EQ(why_not(), "/x is owned by uid 1234, who could end the limits");
}

TEST_F(CgroupOwner, WhatCantBeLookedAtIsNot) {
  EXPECT_EQ(::unlink(directory_.path("cgroup.threads").c_str()), 0);
  EXPECT_EQ(why_not(), "/x/cgroup.threads: No such file or directory");
}

}  // namespace
}  // namespace stapsh::sys
