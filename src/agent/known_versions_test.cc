// SPDX-License-Identifier: Apache-2.0
#include "agent/known_versions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sys/test_support.h"

namespace stapsh::agent {
namespace {

TEST(KnownVersions, AnotherFileIsAnotherProgram) {
  const std::string path = testing::TempDir() + "stapsh_known_versions_" + std::to_string(::getpid());
  EXPECT_EQ(program_identity(path), "");
  std::ofstream(path) << "one";
  const std::string one = program_identity(path);
  EXPECT_NE(one, "");
  EXPECT_EQ(program_identity(path), one);
  std::ofstream(path) << "other";  // Of another size.
  EXPECT_NE(program_identity(path), one);
  const std::string other = program_identity(path);
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_NE(program_identity(path), other);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace stapsh::agent
