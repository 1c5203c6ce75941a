// SPDX-License-Identifier: Apache-2.0
// What a workspace is to the user that it is lent to. Only root can lend: others skip.
#include "sys/lent_workspace.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

constexpr uid_t kLentUser = 1234;
constexpr uid_t kOtherUser = 1236;

class LentWorkspace : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "not root";
  }
  static std::string owner_and_mode(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return "none";
    return std::to_string(status.st_uid) + " " + std::to_string(status.st_gid) + " " +
           std::to_string(status.st_mode & 0777);
  }
  const TestDirectory parent_;
  Workspace workspace_ = must(Workspace::create(parent_.path(".")));
};

TEST_F(LentWorkspace, HasAFolderOfThatUsers) {
  std::ofstream(workspace_.path() + "/a.bt") << "abc";
  const std::string own = must(lend_workspace(workspace_, kLentUser, kLentUser));
  EXPECT_EQ(own, workspace_.path() + "/.own");
  EXPECT_EQ(owner_and_mode(own), "1234 1234 " + std::to_string(0700));
  EXPECT_EQ(owner_and_mode(workspace_.path() + "/a.bt"), "0 1234 " + std::to_string(0640));
  EXPECT_EQ(owner_and_mode(workspace_.path()), "0 1234 " + std::to_string(0710));
}

// Of a runner that did not start: other processes of its user could put something there meanwhile.
TEST_F(LentWorkspace, TheFolderOfAnEarlierTryGoesWithWhatIsInIt) {
  const std::string own = must(lend_workspace(workspace_, kLentUser, kLentUser));
  EXPECT_EQ(::mkdir((own + "/deep").c_str(), 0000), 0);
  std::ofstream(own + "/deep/file") << "theirs";
  EXPECT_EQ(::chown((own + "/deep").c_str(), kLentUser, kLentUser), 0);
  EXPECT_EQ(must(lend_workspace(workspace_, kOtherUser, kOtherUser)), own);
  EXPECT_EQ(owner_and_mode(own), "1236 1236 " + std::to_string(0700));
  EXPECT_EQ(owner_and_mode(own + "/deep"), "none");
}

TEST_F(LentWorkspace, AFileOfItsNameIsNoFolder) {
  std::ofstream(workspace_.path() + "/.own") << "sent";
  const Result<std::string> own = lend_workspace(workspace_, kLentUser, kLentUser);
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().sys_errno, ENOTDIR);
}

}  // namespace
}  // namespace stapsh::sys
