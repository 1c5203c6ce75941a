// SPDX-License-Identifier: Apache-2.0
#include "sys/cgroup.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>

#include "sys/child.h"
#include "sys/pipe.h"
#include "sys/test_support.h"

namespace stapsh::sys {
namespace {

std::string own_name() {
  static int count = 0;
  return "stapsh-test." + std::to_string(::getpid()) + "." + std::to_string(++count);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A shell in it that has said "ready".
Child start_in(const Cgroup& cgroup, const std::string& script) {
  Pipe pipe = must(make_pipe());
  SpawnOptions options{.program = "/bin/sh", .argv = {"sh", "-c", script}};
  options.stdout_fd = pipe.write_end.get();
  options.cgroup_fd = cgroup.fd();
  Child child = must(spawn(options));
  pipe.write_end.reset();
  EXPECT_EQ(read_line(pipe.read_end.get()), "ready");
  return child;
}

class CgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    const Result<std::string> path = Cgroup::path_for(name_);
    Result<Cgroup> made = path ? Cgroup::create(*path) : Result<Cgroup>(fail(path.error()));
    if (!made) GTEST_SKIP() << "no cgroup can be made here: " << made.error().what;
    cgroup_ = *std::move(made);
  }
  void TearDown() override {
    if (!cgroup_.valid()) return;
    (void)cgroup_.kill();
    (void)cgroup_.wait_empty(kPatience);
    must(cgroup_.remove());
  }

  std::string name_ = own_name();
  Cgroup cgroup_;
};

TEST_F(CgroupTest, IsBelowOursAndGoesWithRemove) {
  EXPECT_EQ(cgroup_.path(), must(Cgroup::path_for(name_)));
  EXPECT_TRUE(must(cgroup_.wait_empty({})));
  EXPECT_TRUE(cgroup_.members().nobody());
  const auto twice = Cgroup::create(cgroup_.path());
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().sys_errno, EEXIST);
  const std::string path = cgroup_.path();
  must(cgroup_.remove());
  EXPECT_FALSE(exists(path));
  EXPECT_FALSE(cgroup_.valid());
  EXPECT_EQ(Cgroup::open(path).error().sys_errno, ENOENT);
}

TEST_F(CgroupTest, KillsAllThatStartedInItAtOnce) {
  Child child = start_in(cgroup_, "setsid sh -c 'exec env -i sleep 1000' & sleep 1000 & echo ready; wait");
  EXPECT_NE(text_of("/proc/" + std::to_string(child.pid()) + "/cgroup").find("/" + name_ + "\n"), std::string::npos);
  EXPECT_FALSE(must(cgroup_.wait_empty({})));
  EXPECT_EQ(cgroup_.members().pids.size(), 3U);
  EXPECT_FALSE(must(cgroup_.wait_empty(std::chrono::milliseconds(1))));
  EXPECT_EQ(cgroup_.remove().error().sys_errno, EBUSY);
  EXPECT_TRUE(cgroup_.valid());
  must(cgroup_.kill());
  EXPECT_TRUE(must(cgroup_.wait_empty(kPatience)));
  EXPECT_TRUE(cgroup_.members().nobody());
  EXPECT_EQ(must(child.wait(kPatience)), 128 + SIGKILL);
}

// A runner may make cgroups of its own in it.
TEST_F(CgroupTest, ThoseBelowItGoWithIt) {
  const std::string& path = cgroup_.path();
  Child child = start_in(
      cgroup_, "cd " + path + " && mkdir -p a/b c && echo $$ > a/b/cgroup.procs && echo ready && exec sleep 1000");
  EXPECT_FALSE(must(cgroup_.wait_empty({})));
  EXPECT_THAT(cgroup_.members().pids, testing::ElementsAre(child.pid()));
  must(must(Cgroup::open(path)).kill());
  EXPECT_TRUE(must(cgroup_.wait_empty(kPatience)));
  must(cgroup_.remove());
  EXPECT_FALSE(exists(path));
  EXPECT_EQ(must(child.wait(kPatience)), 128 + SIGKILL);
}

TEST_F(CgroupTest, OneThatIsGoneIsNoError) {
  ASSERT_EQ(::rmdir(cgroup_.path().c_str()), 0);
  EXPECT_TRUE(must(cgroup_.wait_empty({})));
  EXPECT_TRUE(cgroup_.members().nobody());
  must(cgroup_.remove());
}

TEST(Cgroup, WhatIsNoCgroupIsRefused) {
  const TestDirectory directory;
  EXPECT_FALSE(Cgroup::open(directory.path()));
  EXPECT_FALSE(Cgroup::open(directory.path("none")));
}

}  // namespace
}  // namespace stapsh::sys
