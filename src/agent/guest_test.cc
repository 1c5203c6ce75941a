// SPDX-License-Identifier: Apache-2.0
#include "agent/guest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "sys/test_support.h"

namespace stapsh::agent {
namespace {

// Somebody who tries the option by hand must not lose what is installed.
TEST(Guest, RefusesAFolderThatIsNoGuests) {
  const sys::TestDirectory directory;
  std::ofstream(directory.path("stapsh")) << "x";
  for (const std::string& folder : {directory.path(), std::string("stapsh-stage.x"), std::string()}) {
    const auto refused = become_guest(folder);
    ASSERT_FALSE(refused) << folder;
    EXPECT_EQ(refused.error().code, Errc::kUsage);
  }
  EXPECT_EQ(::access(directory.path("stapsh").c_str(), F_OK), 0);
  EXPECT_FALSE(is_guest());
}

TEST(Guest, LeavesNoFileAndNoFolder) {
  const sys::TestDirectory directory;
  const std::string folder = directory.path("stapsh-stage.x");
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  std::ofstream(folder + "/stapsh") << "x";
  std::ofstream(folder + "/other") << "x";
  EXPECT_EXIT(::_exit(become_guest(folder) ? 0 : 3), testing::ExitedWithCode(3), "");
  ASSERT_EQ(::unlink((folder + "/other").c_str()), 0);
  // It is one for the rest of its life, and other tests are not.
  EXPECT_EXIT(::_exit(become_guest(folder) && is_guest() ? 0 : 1), testing::ExitedWithCode(0), "");
  EXPECT_NE(::access(folder.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace stapsh::agent
