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

// As root by a sudoers line that allows any arguments, it would remove what is installed.
TEST(Guest, RemovesNothingThatIsNotItsOwn) {
  const sys::TestDirectory directory;
  const std::string installed = directory.path("bin"), folder = directory.path("stapsh-stage.x");
  const std::string program = installed + "/stapsh";
  ASSERT_EQ(::mkdir(installed.c_str(), 0700), 0);
  std::ofstream(program) << "x";
  const auto refuses = [&](const std::string& own_program, std::string_view why) {
    const auto refused = become_guest(folder, own_program);
    return !refused && refused.error().code == Errc::kUsage && refused.error().what.find(why) != std::string::npos;
  };
  const auto exits = [&](const std::string& own_program, std::string_view why) {
    EXPECT_EXIT(::_exit(refuses(own_program, why) ? 0 : 1), testing::ExitedWithCode(0), "") << why;
  };
  ASSERT_EQ(::symlink(installed.c_str(), folder.c_str()), 0);
  exits(program, "it is a link or a file");
  ASSERT_EQ(::unlink(folder.c_str()), 0);
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0);
  std::ofstream(folder + "/stapsh") << "x";
  exits(folder + "/stapsh", "its mode is not 0700");
  ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
  exits(program, "not the one that runs");
  exits("/proc/self/exe", "not the one that runs");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(folder.c_str(), 4711, 4711), 0);
    exits(folder + "/stapsh", "another user's");
  }
  EXPECT_EQ(::access(program.c_str(), F_OK), 0);
  EXPECT_EQ(::access((folder + "/stapsh").c_str(), F_OK), 0);
}

TEST(Guest, LeavesNoFileAndNoFolder) {
  const sys::TestDirectory directory;
  const std::string folder = directory.path("stapsh-stage.x");
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  std::ofstream(folder + "/stapsh") << "x";
  std::ofstream(folder + "/other") << "x";
  EXPECT_EXIT(::_exit(become_guest(folder, folder + "/stapsh") ? 0 : 3), testing::ExitedWithCode(3), "");
  ASSERT_EQ(::unlink((folder + "/other").c_str()), 0);
  // It is one for the rest of its life, and other tests are not.
  EXPECT_EXIT(::_exit(become_guest(folder, folder + "/stapsh") && is_guest() ? 0 : 1), testing::ExitedWithCode(0), "");
  EXPECT_NE(::access(folder.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace stapsh::agent
