// SPDX-License-Identifier: Apache-2.0
// Where the controllers are, tests/guest/test_policy looks what the limits do.
#include "sys/cgroup_limits.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

const CgroupLimits kTasks{.tasks = 8, .memory = {}};
const CgroupLimits kBoth{.tasks = 8, .memory = 64'000'000};

std::string name_with_limits() { return "stapsh-limits-test." + std::to_string(::getpid()); }

std::string text_of_limit(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(CgroupLimits, ThereAreSomeOrThereAreNone) {
  EXPECT_FALSE(CgroupLimits().any());
  EXPECT_TRUE(kTasks.any());
  EXPECT_TRUE(kBoth.any());
}

TEST(CgroupLimits, AreKeptOrTheCgroupIsNotMade) {
  const Result<std::string> path = limited_cgroup_path(name_with_limits(), kBoth);
  if (!path) {
    EXPECT_TRUE(path.error().what.find("hands on pids and memory (cgroup.subtree_control)") != std::string::npos ||
                path.error().what.find("cgroup v2") != std::string::npos ||
                path.error().what.find("could end the limits") != std::string::npos || path.error().sys_errno != 0)
        << path.error().what;
    GTEST_SKIP() << "no cgroup can have limits here: " << path.error().what;
  }
  Cgroup cgroup = must(create_limited_cgroup(*path, kBoth));
  EXPECT_EQ(text_of_limit(*path + "/pids.max"), "8\n");
  EXPECT_NE(text_of_limit(*path + "/memory.max"), "max\n");
  EXPECT_EQ(text_of_limit(*path + "/memory.oom.group"), "1\n");
  EXPECT_FALSE(has_passed_memory_limit(cgroup));
  must(cgroup.remove());
  EXPECT_FALSE(exists(*path));
}

TEST(CgroupLimits, WithoutTheControllersNothingIsLeft) {
  const Result<std::string> path = Cgroup::path_for(name_with_limits());
  if (!path) GTEST_SKIP() << path.error().what;
  const Result<Cgroup> made = create_limited_cgroup(*path, kBoth);
  if (made) GTEST_SKIP() << "ours hands them on";
  EXPECT_FALSE(exists(*path));
  EXPECT_FALSE(has_passed_memory_limit(Cgroup()));
}

// Also a limit above it, or the whole machine's want, has the kernel end somebody in it: `oom` alone is its own.
TEST(CgroupLimits, WhoseMemoryWasPassedIsTold) {
  const auto events = [](const std::string& oom, const std::string& kills) {
    return "low 0\nhigh 0\nmax 31\noom " + oom + "\noom_kill " + kills + "\noom_group_kill 0\n";
  };
  EXPECT_TRUE(was_own_memory_limit(events("1", "3"), events("1", "3")));
  EXPECT_TRUE(was_own_memory_limit(events("10", "10"), events("10", "0")));
  EXPECT_FALSE(was_own_memory_limit(events("0", "1"), events("0", "1")));  // Above it.
  EXPECT_FALSE(was_own_memory_limit(events("1", "1"), events("0", "0")));  // One below it, which the runner made.
  EXPECT_FALSE(was_own_memory_limit(events("1", "0"), events("1", "0")));  // Nobody was ended.
  EXPECT_FALSE(was_own_memory_limit("", ""));
}

TEST(CgroupLimits, AreOfNothingElse) {
  const TestDirectory directory;
  EXPECT_FALSE(create_limited_cgroup(directory.path("below"), kTasks));
  EXPECT_FALSE(exists(directory.path("below")));
}

}  // namespace
}  // namespace stapsh::sys
