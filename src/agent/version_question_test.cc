// SPDX-License-Identifier: Apache-2.0
#include "agent/version_question.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "sys/clock.h"

namespace stapsh::agent {
namespace {

namespace fs = std::filesystem;

class VersionQuestion : public testing::Test {
 protected:
  ~VersionQuestion() override { fs::remove_all(folder_); }

  std::string program(const std::string& name, const std::string& script) const {
    fs::create_directories(folder_);
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }

  std::string folder_ = testing::TempDir() + "stapsh_version_question_" + std::to_string(::getpid());
};

TEST_F(VersionQuestion, EachIsAskedInAQuietPlace) {
  const std::vector<std::string> programs{
      program("good", "echo \"good v1.2.3 ($*)\""),
      program("odd", "echo 'what do you mean?'"),
      program("failing", "echo 'failing 1.2'; exit 3"),
      folder_ + "/missing",
      program("complaining", "echo 'complaining 4.5' >&2"),
      program("curious", "read -r line && echo \"1.1 $line\" || echo \"curious 2.0\""),
      program("free", "echo \"1.${HOME+set}0\""),
  };
  EXPECT_EQ(ask_versions(programs), (std::vector<std::string>{"1.2.3", "", "", "", "4.5", "2.0", "1.0"}));
}

TEST_F(VersionQuestion, OneThatHangsCostsNoMoreThanTheLimit) {
  const std::string pid_file = folder_ + "/pid";
  const std::vector<std::string> programs{
      program("hanging", "sleep 1000 & echo $! > " + pid_file + "; echo 'hanging 1.0'; wait"),
      program("good", "echo good 1.2"),
  };
  const TimePoint begun = sys::now();
  EXPECT_EQ(ask_versions(programs), (std::vector<std::string>{"", "1.2"}));
  EXPECT_LT(sys::now() - begun, std::chrono::seconds(10));
  // And what it started goes, or waits to be reaped by who adopts orphans.
  std::string pid;
  std::ifstream(pid_file) >> pid;
  std::string stat = "(sleep)";
  const TimePoint limit = sys::deadline_after(std::chrono::seconds(30));
  while (stat.find("(sleep)") != std::string::npos && stat.find(") Z ") == std::string::npos && sys::now() < limit) {
    std::this_thread::yield();
    stat.clear();
    std::getline(std::ifstream("/proc/" + pid + "/stat"), stat);
  }
  EXPECT_LT(sys::now(), limit) << stat;
}

TEST_F(VersionQuestion, AFloodIsCutShort) {
  EXPECT_EQ(ask_versions(std::vector{program("flood", "exec yes flood")}), std::vector<std::string>{""});
}

}  // namespace
}  // namespace stapsh::agent
