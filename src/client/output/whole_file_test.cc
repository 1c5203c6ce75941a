// SPDX-License-Identifier: Apache-2.0
#include "client/output/whole_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace stapsh::client {
namespace {

namespace fs = std::filesystem;

class WholeFileTest : public testing::Test {
 protected:
  WholeFileTest() {
    std::string name = fs::temp_directory_path() / "whole_file.XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ / "page.html";
  }
  ~WholeFileTest() override { fs::remove_all(folder_); }

  void put(const std::string& text) const { std::ofstream(path_) << text; }
  [[nodiscard]] std::string content() const { return read(std::ifstream(path_)); }
  static std::string read(std::ifstream&& file) { return {std::istreambuf_iterator<char>(file), {}}; }
  [[nodiscard]] std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_), {}); }
  Result<> write(std::string_view text) {
    UsedFiles used;
    Result<WholeFile> file = WholeFile::open("--report", path_, used);
    return file ? file->write(text) : Result<>(fail(file.error()));
  }

  fs::path folder_, path_;
};

TEST_F(WholeFileTest, AHyphenIsNoFile) {
  UsedFiles used;
  const Result<WholeFile> file = WholeFile::open("--report", "-", used);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::kUsage);
  EXPECT_TRUE(file.error().what.starts_with("--report: - is no file")) << file.error().what;
  EXPECT_FALSE(fs::exists("-"));
}

TEST_F(WholeFileTest, AReaderFindsTheOldOrTheNew) {
  put("the old one");
  fs::permissions(path_, fs::perms(0640));
  std::ifstream reader(path_);
  ASSERT_TRUE(write("new"));
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(read(std::move(reader)), "the old one");
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms(0640));
  EXPECT_EQ(files(), 1);
}

TEST_F(WholeFileTest, WhereThereIsNoRoomTheOldOneStays) {
  put("old");
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit little = before;
  little.rlim_cur = 100;
  auto* const handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const Result<> wrote = write(std::string(1000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(wrote);
  EXPECT_EQ(wrote.error().what, "--report: " + path_.string() + ": not written: File too large");
  EXPECT_EQ(content(), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(WholeFileTest, LinksStayLinks) {
  const fs::path other = folder_ / "other";
  for (const bool symbolic : {true, false}) {
    std::ofstream(other) << "the old one";
    symbolic ? fs::create_symlink(other, path_) : fs::create_hard_link(other, path_);
    ASSERT_TRUE(write("new"));
    EXPECT_EQ(read(std::ifstream(other)), "new");
    EXPECT_TRUE(fs::equivalent(other, path_));
    EXPECT_EQ(files(), 2);
    fs::remove(path_);
  }
}

TEST_F(WholeFileTest, ANewFileThatIsNotWrittenGoes) {
  UsedFiles used;
  { ASSERT_TRUE(WholeFile::open("--report", path_, used)); }
  EXPECT_EQ(files(), 0);
  ASSERT_TRUE(write("new"));
  EXPECT_EQ(content(), "new");
}

}  // namespace
}  // namespace stapsh::client
